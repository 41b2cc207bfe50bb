import { useState } from 'react'

/** Something that a button does: whether it is being done, and what went wrong, in the server's words. */
export function useAct() {
  const [fault, setFault] = useState('')
  const [isBusy, setBusy] = useState(false)
  const act = async (doing: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true)
    setFault('')
    try {
      await doing()
      return true
    } catch (error) {
      setFault((error as Error).message)
      return false
    } finally {
      setBusy(false)
    }
  }
  return { act, fault, isBusy }
}
