import './lead.css'
import { IconBan, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react'
import { useState } from 'react'
import { Link } from 'wouter'
import { api, take, type Progress, type Run } from '../lib/api'
import { useAct } from '../lib/useAct'
import { count, duration, moment, title } from '../lib/words'
import { Alarms } from './Alarms'
import { ExportPanel } from './ExportPanel'
import { Failed } from './Failed'
import { Figures } from './Figures'
import { Money } from './Money'
import { Places } from './Places'
import { inWords } from './policy'
import { Stage } from './RunsPage'
import { useRun } from './useRun'

/** A run as it goes: how far, how fast, what it costs, what is wrong, and its labels to take home. */
export function RunPage({ id }: { id: number }) {
  const { run, progress, error, look } = useRun(id)
  if (error)
    return (
      <main className="page lead">
        <header>
          <h1>Run {id}</h1>
        </header>
        <p className="bad" role="alert">
          {error.message}
        </p>
      </main>
    )
  if (!run)
    return (
      <main className="page lead" aria-busy="true">
        <header>
          <h1>Run {id}</h1>
        </header>
      </main>
    )
  return (
    <main className="page lead">
      <header>
        <h1>Run {id}</h1>
        <span className="muted of">
          <Link href={`/projects/${encodeURIComponent(run.project)}`}>
            <bdi>{title(run.project)}</bdi>
          </Link>
          , <bdi>{run.dataset}</bdi>
        </span>
        <Stage run={run} />
        <span className="spring" />
        <Acts run={run} look={look} />
      </header>
      <Alarms runId={id} look={look} />
      {run.note && run.state !== 'cancelled' && (
        <p className="notice-card" role="status">
          {run.note}
        </p>
      )}
      {!run.accepting && <NotAccepting run={run} look={look} />}
      <div className="columns">
        <section className="card panel" aria-label="Progress">
          <h2>Progress</h2>
          <Places places={run.places} />
          <Pace run={run} progress={progress} />
          {progress && <Steps progress={progress} />}
        </section>
        <Money run={run} progress={progress} look={look} />
      </div>
      <section className="card panel" aria-label="How it is done">
        <h2>How it is done</h2>
        <p>
          <bdi>{run.model}</bdi> drafts{run.lane === 'batch' && ', in batches of the provider'}. {inWords(run.policy)}
        </p>
        <p className="muted">Started {moment(run.created_at)}.</p>
      </section>
      <Figures run={run} />
      <Failed runId={id} failed={run.places.failed ?? 0} />
      <ExportPanel run={run} />
    </main>
  )
}

type LookProps = { run: Run; look: () => Promise<unknown> }

function Acts({ run, look }: LookProps) {
  const { act, fault, isBusy } = useAct()
  const [isSure, setSure] = useState(false)
  const params = { path: { run_id: run.id } }
  const pause = () =>
    act(async () => {
      await take(api.POST('/v1/runs/{run_id}/pause', { params }))
      await look()
    })
  const resume = () =>
    act(async () => {
      await take(api.POST('/v1/runs/{run_id}/resume', { params, body: {} }))
      await look()
    })
  const cancel = () =>
    act(async () => {
      await take(api.POST('/v1/runs/{run_id}/cancel', { params }))
      setSure(false)
      await look()
    })
  const isOver = run.state === 'cancelled' || !['drafting', 'paused', 'over_budget'].includes(run.stage)
  return (
    <>
      {fault && (
        <span className="bad" role="alert">
          {fault}
        </span>
      )}
      {(run.places.queued ?? 0) > 0 && (
        <Link className="btn" href={`/review/${run.id}`}>
          Review {count(run.places.queued!)}
        </Link>
      )}
      {!isOver && run.state === 'running' && (
        <button className="btn" disabled={isBusy} onClick={() => void pause()}>
          <IconPlayerPause size={17} />
          Pause
        </button>
      )}
      {!isOver && run.state !== 'running' && (
        <button className="btn primary" disabled={isBusy} onClick={() => void resume()}>
          <IconPlayerPlay size={17} />
          Resume
        </button>
      )}
      {!isOver && !isSure && (
        <button className="btn" onClick={() => setSure(true)}>
          <IconBan size={17} />
          Cancel
        </button>
      )}
      {!isOver && isSure && (
        <span className="sure" role="group" aria-label="Cancel the run for good?">
          <button className="btn danger" disabled={isBusy} onClick={() => void cancel()}>
            End drafting for good
          </button>
          <button className="btn" onClick={() => setSure(false)}>
            Keep it
          </button>
        </span>
      )}
    </>
  )
}

function NotAccepting({ run, look }: LookProps) {
  const { act, fault, isBusy } = useAct()
  const resume = () =>
    act(async () => {
      await take(
        api.POST('/v1/runs/{run_id}/accepting', {
          params: { path: { run_id: run.id } },
          body: { accepting: true, note: '' },
        }),
      )
      await look()
    })
  return (
    <div className="notice-card" role="status">
      <span>
        <b>Nothing is accepted without review</b> since {moment(run.accepting_since)}: {run.accepting_note}
      </span>
      <button className="btn" disabled={isBusy} onClick={() => void resume()}>
        Accept again
      </button>
      {fault && (
        <p className="bad" role="alert">
          {fault}
        </p>
      )}
    </div>
  )
}

/** How fast it goes and when it will be done. */
function Pace({ run, progress }: { run: Run; progress: Progress | undefined }) {
  if (!progress) return null
  const parts = []
  if (run.stage === 'drafting') {
    if (progress.per_second > 0)
      parts.push(
        progress.per_second >= 1
          ? `${count(Math.round(progress.per_second))} a second`
          : `${(progress.per_second * 60).toFixed(1)} a minute`,
      )
    if (progress.seconds_left !== null && progress.seconds_left !== undefined)
      parts.push(`drafted in about ${duration(progress.seconds_left)}`)
    if (progress.on_their_way) parts.push(`${count(progress.on_their_way)} on their way`)
  }
  if (progress.limited_last_minute)
    parts.push(`${count(progress.limited_last_minute)} calls met a limit of their provider in the last minute`)
  if (progress.waits_for) parts.push(`the guarantee waits for ${progress.waits_for}`)
  return (
    <p className="pace num" data-testid="pace">
      {parts.length ? `${parts.join(', ')}.` : `${count(progress.drafted)} of ${count(progress.examples)} drafted.`}
    </p>
  )
}

/** What each drafter has done. */
function Steps({ progress }: { progress: Progress }) {
  if (!progress.steps.some((step) => step.drafted)) return null
  return (
    <div className="scroll">
      <table className="narrow">
        <thead>
          <tr>
            <th scope="col">Drafter</th>
            <th scope="col">Drafts</th>
            <th scope="col">Failed</th>
            <th scope="col">Calls</th>
            <th scope="col">Repairs</th>
          </tr>
        </thead>
        <tbody>
          {progress.steps.map((step) => (
            <tr key={step.step}>
              <th scope="row">
                <bdi>{step.model}</bdi>
              </th>
              <td>{count(step.drafted)}</td>
              <td>{count(step.failed)}</td>
              <td>{count(step.calls)}</td>
              <td>{count(step.repairs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
