import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { api, take, type Trial, type TrialReport } from '../lib/api'
import { useAct } from '../lib/useAct'
import { count, dollars, percent, shown } from '../lib/words'
import { short } from './usePrompts'

const AGAIN = 700
type One = TrialReport['tried'][number]

/** A trial as its drafts come: each beside what is known of its example, what it cost, and how long it took. */
export function Tried({ id, project }: { id: number; project: string }) {
  const client = useQueryClient()
  const { act, fault, isBusy } = useAct()
  const params = { path: { run_id: id } }
  const { data: trial, error } = useQuery({
    queryKey: ['trial', id],
    queryFn: () => take(api.GET('/v1/trials/{run_id}', { params })),
    refetchInterval: ({ state }) => (state.data?.stage === 'drafting' ? AGAIN : false),
  })
  useEffect(() => {
    for (const key of ['trials', 'prompts', 'project']) void client.invalidateQueries({ queryKey: [key, project] })
  }, [client, project, id, trial?.stage])
  if (error)
    return (
      <p className="bad" role="alert">
        {error.message}
      </p>
    )
  if (!trial) return null
  const end = () =>
    act(async () => {
      client.setQueryData(['trial', id], await take(api.POST('/v1/trials/{run_id}/cancel', { params })))
    })
  return (
    <section className="card panel tried" aria-label="What came of it">
      <div className="head">
        <h2>Trial {id}</h2>
        <span className="muted">
          <bdi>{shown(trial.prompt)}</bdi> {short(trial.digest)},{' '}
          <bdi>{trial.steps.map((step) => step.model).join(' > ')}</bdi>
        </span>
        <span className="spring" />
        {trial.stage === 'drafting' && (
          <>
            <span className="chip draft" role="status">
              {count(trial.drafted)} of {count(trial.examples)}
            </span>
            <button className="btn" disabled={isBusy} onClick={() => void end()}>
              End it
            </button>
          </>
        )}
      </div>
      {trial.note && (
        <p className="notice-card" role="status">
          {shown(trial.note)}
        </p>
      )}
      {fault && (
        <p className="bad" role="alert">
          {fault}
        </p>
      )}
      <Sums trial={trial} />
      <div className="scroll" tabIndex={0} role="region" aria-label="Examples of the trial">
        <table>
          <thead>
            <tr>
              <th scope="col">Example</th>
              <th scope="col">Draft</th>
              <th scope="col">Confidence</th>
              <th scope="col">Known</th>
              <th scope="col">Fits</th>
              <th scope="col">Cost</th>
              <th scope="col">Time</th>
            </tr>
          </thead>
          <tbody>
            {trial.tried.map((one) => (
              <Row
                key={one.example}
                one={one}
                isOver={trial.stage !== 'drafting'}
                isFree={Number(trial.per_example ?? 1) === 0}
              />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

/** How many were right, what that took, and what all examples of the dataset would take. */
function Sums({ trial }: { trial: Trial }) {
  const { right, n, low, high } = trial.right
  return (
    <dl className="figures" data-testid="sums">
      <div>
        <dt>Right</dt>
        <dd>
          <b className="num">{n ? `${right} of ${n}` : 'not known'}</b>
          <small>
            {n ? `${percent(low)} to ${percent(high)}, from ${count(n)} whose label is known` : 'no label is known'}
          </small>
        </dd>
      </div>
      <div>
        <dt>Spent</dt>
        <dd>
          <b className="num">
            {trial.complete ? '' : 'at least '}
            {dollars(trial.spent)}
          </b>
          <small>{trial.cap !== null && `of at most ${dollars(trial.cap)}`}</small>
        </dd>
      </div>
      <div>
        <dt>For one example</dt>
        <dd>
          <b className="num">{trial.per_example === null ? 'not known' : dollars(trial.per_example)}</b>
          <small>
            {trial.seconds === null
              ? trial.per_example === null
                ? 'answers were paid for before'
                : ''
              : `median of ${took(trial.seconds)}`}
          </small>
        </dd>
      </div>
      <div>
        <dt>The whole dataset</dt>
        <dd>
          <b className="num">{trial.whole === null ? 'not known' : dollars(trial.whole)}</b>
          <small>{count(trial.dataset_examples)} examples at that price</small>
        </dd>
      </div>
    </dl>
  )
}

function Row({ one, isOver, isFree }: { one: One; isOver: boolean; isFree: boolean }) {
  return (
    <tr>
      <th scope="row">
        <bdi>{shown(one.example)}</bdi>
        <small className="said">
          <bdi>{shown(gist(one.content))}</bdi>
        </small>
      </th>
      <td>
        {one.failure ? (
          <span className="bad">
            <bdi>{shown(one.failure)}</bdi>
          </span>
        ) : one.draft ? (
          <Label label={one.draft} />
        ) : (
          <span className="muted">{isOver ? 'none' : 'to come'}</span>
        )}
      </td>
      <td className="num">{one.confidence === null ? '' : percent(one.confidence)}</td>
      <td>
        {one.known && (
          <>
            <Label label={one.known} />
            <small>{one.known_from === 'gold' ? 'gold' : 'by people'}</small>
          </>
        )}
      </td>
      <td>
        {one.right !== null && (
          <span className={`chip ${one.right ? 'human' : 'warn'}`}>{one.right ? 'Right' : 'Wrong'}</span>
        )}
      </td>
      <td className="num">
        {!one.draft && !one.failure
          ? ''
          : isFree
            ? 'free'
            : one.calls === 0
              ? 'paid before'
              : one.dollars === null
                ? 'not known'
                : dollars(one.dollars)}
      </td>
      <td className="num">{one.calls > 0 && took(one.seconds)}</td>
    </tr>
  )
}

/** A value by itself, or each beneath its field. */
function Label({ label }: { label: Record<string, unknown> }) {
  const fields = Object.entries(label)
  return (
    <>
      {fields.map(([name, value]) => (
        <div key={name}>
          {fields.length > 1 && <small>{shown(name)} </small>}
          <bdi>{said(value)}</bdi>
        </div>
      ))}
    </>
  )
}

const took = (seconds: number) => (seconds < 0.05 ? 'under 0.1 s' : `${seconds.toFixed(1)} s`)
const said = (value: unknown) => shown(typeof value === 'string' ? value : JSON.stringify(value))

/** The beginning of what an example says. */
function gist(content: Record<string, unknown>): string {
  const text = Object.values(content).find((value) => typeof value === 'string') ?? ''
  return String(text).length > 90 ? `${String(text).slice(0, 90)}…` : String(text)
}
