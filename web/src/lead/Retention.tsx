import { useQuery } from '@tanstack/react-query'
import { api, take } from '../lib/api'
import { count } from '../lib/words'
import { LimitForm } from './LimitForm'

/** How long contents of a project are kept once nobody works with them any more. */
export function Retention({ project }: { project: string }) {
  const queryKey = ['retention', project]
  const params = { path: { project } }
  const { data } = useQuery({ queryKey, queryFn: () => take(api.GET('/v1/projects/{project}/retention', { params })) })
  if (!data) return null
  const kept = data.days ?? null
  const set = (days: string | null) => {
    const body = { days: days === null ? null : Number(days), replies_days: data.replies_days ?? null }
    return take(api.PUT('/v1/projects/{project}/retention', { params, body }))
  }
  return (
    <section className="card panel" aria-label="How long it is kept">
      <h2>How long it is kept</h2>
      <p className="muted">
        {kept === null
          ? 'Contents are kept for ever.'
          : `Contents are removed ${spell(kept)} after all runs over them were closed. Figures and money stay; what is removed does not come back.`}
        {data.replies_days != null && ` Raw replies of models go after ${spell(data.replies_days)}.`}
      </p>
      <LimitForm
        label="Remove contents after, in days"
        pattern="[1-9][0-9]{0,4}"
        without="never"
        takeAway="Keep for ever"
        isSet={kept !== null}
        set={set}
        queryKey={queryKey}
      />
    </section>
  )
}

const spell = (days: number) => `${count(days)} ${days === 1 ? 'day' : 'days'}`
