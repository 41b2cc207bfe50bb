import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { api, take } from '../lib/api'
import { useAct } from '../lib/useAct'
import { count } from '../lib/words'

/** How long contents of a project are kept once nobody works with them any more. */
export function Retention({ project }: { project: string }) {
  const client = useQueryClient()
  const { act, fault, isBusy } = useAct()
  const [days, setDays] = useState('')
  const params = { path: { project } }
  const { data } = useQuery({
    queryKey: ['retention', project],
    queryFn: () => take(api.GET('/v1/projects/{project}/retention', { params })),
  })
  if (!data) return null
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void act(async () => {
      await take(
        api.PUT('/v1/projects/{project}/retention', {
          params,
          body: { days: days ? Number(days) : null, replies_days: data.replies_days ?? null },
        }),
      )
      setDays('')
      await client.invalidateQueries({ queryKey: ['retention', project] })
    })
  }
  const kept = data.days ?? null
  return (
    <section className="card panel" aria-label="How long it is kept">
      <h2>How long it is kept</h2>
      <p className="muted">
        {kept === null
          ? 'Contents are kept for ever.'
          : `Contents are removed ${spell(kept)} after all runs over them were closed. Figures and money stay; what is removed does not come back.`}
        {data.replies_days != null && ` Raw replies of models go after ${spell(data.replies_days)}.`}
      </p>
      <form className="inline" onSubmit={submit}>
        <label>
          Remove contents after, in days
          <input
            className="box"
            inputMode="numeric"
            pattern="[1-9][0-9]{0,4}"
            value={days}
            placeholder={kept === null ? 'never' : 'empty: never'}
            onChange={(event) => setDays(event.target.value)}
          />
        </label>
        <button className="btn" type="submit" disabled={isBusy || (!days && kept === null)}>
          {days || kept === null ? 'Set' : 'Keep for ever'}
        </button>
        {fault && (
          <p className="bad" role="alert">
            {fault}
          </p>
        )}
      </form>
    </section>
  )
}

const spell = (days: number) => `${count(days)} ${days === 1 ? 'day' : 'days'}`
