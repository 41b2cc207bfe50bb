import { useEffect, useState } from 'react'

/** Whether this tab is the one that has the name; where another has it, `take` makes it this one's. */
export function useOnlyTab(name: string) {
  const [isMine, setMine] = useState(!navigator.locks)
  const [isTaking, setTaking] = useState(false)
  useEffect(() => {
    if (!navigator.locks) return
    let letGo = () => {}
    let isOver = false
    const hold = (lock: Lock | null) => {
      if (!lock || isOver) return undefined
      setMine(true)
      return new Promise<void>((resolve) => {
        letGo = resolve
      })
    }
    // Stolen from us, the request fails.
    void navigator.locks.request(name, isTaking ? { steal: true } : { ifAvailable: true }, hold).catch(() => {
      setMine(false)
      setTaking(false)
    })
    return () => {
      isOver = true
      letGo()
    }
  }, [name, isTaking])
  return { isMine, take: () => setTaking(true) }
}
