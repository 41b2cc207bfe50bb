import { useQueryClient, type QueryKey } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { useAct } from '../lib/useAct'

type Props = {
  label: string
  pattern: string
  /** What there is without a limit, as "no cap". */
  without: string
  takeAway: string
  isSet: boolean
  /** Null: without. */
  set: (limit: string | null) => Promise<unknown>
  queryKey: QueryKey
}

/** Sets a limit, or takes it away where nothing is entered; what `queryKey` names is asked for anew then. */
export function LimitForm({ label, pattern, without, takeAway, isSet, set, queryKey }: Props) {
  const client = useQueryClient()
  const { act, fault, isBusy } = useAct()
  const [limit, setLimit] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void act(async () => {
      await set(limit || null)
      setLimit('')
      await client.invalidateQueries({ queryKey })
    })
  }
  return (
    <form className="inline" onSubmit={submit}>
      <label>
        {label}
        <input
          className="box"
          inputMode="decimal"
          pattern={pattern}
          value={limit}
          placeholder={isSet ? `empty: ${without}` : without}
          onChange={(event) => setLimit(event.target.value)}
        />
      </label>
      <button className="btn" type="submit" disabled={isBusy || (!limit && !isSet)}>
        {limit || !isSet ? 'Set' : takeAway}
      </button>
      {fault && (
        <p className="bad" role="alert">
          {fault}
        </p>
      )}
    </form>
  )
}
