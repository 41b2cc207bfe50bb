import { useState, type FormEvent } from 'react'
import { api, take, type Progress, type Run } from '../lib/api'
import { useAct } from '../lib/useAct'
import { dollars } from '../lib/words'

type Props = { run: Run; progress: Progress | undefined; look: () => Promise<unknown> }

/** What a run has spent and will have spent, and its cap. */
export function Money({ run, progress, look }: Props) {
  const share = run.cap === null ? 0 : Math.min(1, Number(run.spent) / Number(run.cap))
  const expected = progress?.expected
  const isFree = run.steps.every((step) =>
    [step.model, ...(step.panel ?? [])].every((name) => name === 'student' || name.startsWith('given')),
  )
  const isOver = run.state === 'cancelled' || run.places.waiting === 0 || isFree
  return (
    <section className="card panel" aria-label="Money">
      <h2>Money</h2>
      <p className="sum num">
        <b>{dollars(run.spent)}</b> spent{run.cap !== null && <> of at most {dollars(run.cap)}</>}
      </p>
      {run.cap !== null && (
        <span className="meter" role="img" aria-label={`${Math.round(100 * share)}% of the cap`}>
          <span className={share > 0.9 ? 'near' : ''} style={{ width: `${100 * share}%` }} />
        </span>
      )}
      {isFree && <p className="muted">Its drafts cost nothing.</p>}
      {expected && !isOver && (
        <p className="num">
          {dollars(expected.mean)} expected in the end{' '}
          <span className="muted">
            ({dollars(expected.low)} to {dollars(expected.high)}, from {progress.expected_from})
          </span>
        </p>
      )}
      {progress && !progress.complete && (
        <p className="warn-text">Some calls have no known price: these sums are lower bounds.</p>
      )}
      {run.project_cap !== null && (
        <p className="muted num">
          All runs of the project together: at most {dollars(run.project_cap)}
          {progress?.project_spent != null && <>, {dollars(progress.project_spent)} spent</>}.
        </p>
      )}
      {!isOver && <Cap run={run} look={look} />}
    </section>
  )
}

function Cap({ run, look }: { run: Run; look: () => Promise<unknown> }) {
  const [cap, setCap] = useState('')
  const { act, fault, isBusy } = useAct()
  const params = { path: { run_id: run.id } }
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const isSet = await act(() => take(api.POST('/v1/runs/{run_id}/resume', { params, body: { cap } })))
    if (isSet) setCap('')
    await look()
  }
  return (
    <form className="inline" onSubmit={(event) => void submit(event)}>
      <label>
        {run.cap === null ? 'Set a cap' : 'Another cap'}, in dollars
        <input
          className="box"
          inputMode="decimal"
          pattern="[0-9]*[.]?[0-9]+"
          required
          value={cap}
          onChange={(event) => setCap(event.target.value)}
          placeholder={run.cap === null ? '5' : String(Math.max(1, Math.ceil(2 * Number(run.cap))))}
        />
      </label>
      <button className="btn" type="submit" disabled={isBusy}>
        {run.state === 'running' ? 'Set' : 'Set and go on'}
      </button>
      {fault && (
        <p className="bad" role="alert">
          {fault}
        </p>
      )}
    </form>
  )
}
