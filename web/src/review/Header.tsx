import { useQuery, useQueryClient } from '@tanstack/react-query'
import { FeedbackLink } from '../feedback/news'
import { api, take, type Run } from '../lib/api'
import { useFollowed } from '../lib/live'
import { count, title } from '../lib/words'
import type { Act } from './outbox'
import type { Snapshot } from './queue'

/** Where one is, how far, and whether everything has arrived. */
export function Header({ snapshot, forSenior }: { snapshot: Snapshot; forSenior: boolean }) {
  const form = snapshot.current?.form
  const { data: run } = useQuery({
    queryKey: ['run', form?.run_id],
    enabled: !!form,
    staleTime: Infinity, // it is followed
    queryFn: () => take(api.GET('/v1/runs/{run_id}', { params: { path: { run_id: form!.run_id } } })),
  })
  const client = useQueryClient()
  useFollowed<Pick<Run, 'places' | 'state'>>(form ? `/v1/runs/${form.run_id}/events` : null, 'run', (now) =>
    client.setQueryData<Run>(
      ['run', form!.run_id],
      (before) => before && { ...before, places: now.places, state: now.state },
    ),
  )
  const left = run ? Math.max(0, run.places.queued ?? 0) : 0
  const { done } = snapshot
  return (
    <>
      <header className="top">
        <h1>{form ? title(form.project) : forSenior ? 'Disagreements' : 'Review'}</h1>
        {form && (
          <span className="run">
            {form.dataset}
            {forSenior && ', disagreements'}
          </span>
        )}
        <span className="spring" />
        <FeedbackLink onlyNews />
        <Pace past={snapshot.past} left={left} />
        <span className="stat num">
          <b>{count(done)}</b> done
        </span>
        {run && (
          <span className="stat num wide-only">
            <b>{count(left)}</b> in the queue
          </span>
        )}
        <Saved snapshot={snapshot} />
      </header>
      <div
        className="progress"
        role="progressbar"
        aria-label="Reviewed in this sitting"
        aria-valuenow={done}
        aria-valuemin={0}
        aria-valuemax={done + left}
      >
        <div style={{ width: `${(100 * done) / Math.max(1, done + left)}%` }} />
      </div>
    </>
  )
}

function Saved({ snapshot: { state, unsent } }: { snapshot: Snapshot }) {
  const word =
    state === 'offline'
      ? `${unsent} not sent`
      : state === 'signed-out'
        ? `${unsent} not sent, signed out`
        : unsent
          ? 'Saving'
          : 'Saved'
  const tone = state === 'offline' || state === 'signed-out' ? 'off' : unsent ? 'busy' : ''
  return (
    <span className={`saved ${tone}`} role="status" data-testid="saved">
      <i />
      {word}
    </span>
  )
}

const ENOUGH = 8,
  LONGEST = 120

/** The reviewer's own pace, once it can be told; a pause is none. */
function Pace({ past, left }: { past: Act[]; left: number }) {
  const seconds = past
    .slice(-20)
    .map((act) => act.seconds)
    .filter((one) => one < LONGEST)
    .sort((a, b) => a - b)
  if (seconds.length < ENOUGH) return null
  const median = Math.max(seconds[seconds.length >> 1]!, 0.4)
  const minutes = Math.round((left * median) / 60)
  return (
    <span className="stat num wide-only">
      <b>{(60 / median).toFixed(0)}</b> a minute{minutes > 0 && minutes < 600 && <>, about {count(minutes)} min left</>}
    </span>
  )
}
