import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { api, take, type Run, type Share } from '../lib/api'
import { count, dollars, percent, title } from '../lib/words'

const AGAIN = 60_000
const FILES = [
  ['By class', 'ledger?by=class'],
  ['By field', 'ledger?by=field'],
  ['Day by day', 'days?'],
  ['Seconds per answer', 'paces?'],
  ['Error at each bar', 'risk?'],
  ['Cost by model', 'cost/parts?by=model'],
] as const

/** What the drafts were worth and what a label costs: each figure with its interval and what it rests on. */
export function Figures({ run }: { run: Run }) {
  const params = { path: { run_id: run.id } }
  const isBegun = (run.places.settled ?? 0) + (run.places.queued ?? 0) > 0
  const looked = { enabled: isBegun, refetchInterval: AGAIN }
  const outlook = useQuery({
    ...looked,
    queryKey: ['outlook', run.id],
    queryFn: () => take(api.GET('/v1/runs/{run_id}/outlook', { params })),
  }).data
  const cost = useQuery({
    ...looked,
    queryKey: ['cost', run.id],
    queryFn: () => take(api.GET('/v1/runs/{run_id}/cost', { params })),
  }).data
  const ledger = useQuery({
    ...looked,
    queryKey: ['ledger', run.id],
    queryFn: () => take(api.GET('/v1/runs/{run_id}/ledger', { params })),
  }).data
  if (!isBegun || !outlook || !cost) return null
  const corrections = (ledger?.corrections ?? []).slice(0, 5)
  return (
    <section className="card panel" aria-label="Figures">
      <h2>Figures</h2>
      <p>
        <Link href={`/runs/${run.id}/figures`}>All figures as charts</Link>
      </p>
      <dl className="figures">
        <Figure
          name="Cost per example"
          value={
            cost.per_example === null ? 'none yet' : `${cost.complete ? '' : 'at least '}${dollars(cost.per_example)}`
          }
          rests={
            cost.by_hand_per_example === null
              ? answers(cost.reviews)
              : `by hand ${dollars(cost.by_hand_per_example)}, from ${answers(cost.reviews)}`
          }
        />
        <Figure name="Accepted without review" {...shown(outlook.accepted, 'examples')} />
        <Figure name="Drafts right, on gold" {...shown(outlook.gold, 'gold examples')} />
        <Figure
          name="Drafts changed by people"
          {...shown(outlook.corrected, 'reviewed drafts', ', mostly unsure ones')}
        />
        <Figure
          name="Seconds for an answer"
          value={cost.median_review_seconds === null ? 'none yet' : cost.median_review_seconds.toFixed(1)}
          rests={`median of ${answers(cost.reviews)}`}
        />
      </dl>
      {corrections.length > 0 && (
        <div className="scroll">
          <table aria-label="What people change most">
            <thead>
              <tr>
                <th scope="col">Drafted</th>
                <th scope="col">Settled</th>
                <th scope="col">Times</th>
              </tr>
            </thead>
            <tbody>
              {corrections.map((one, index) => (
                <tr key={index}>
                  <th scope="row">
                    <bdi>{title(one.drafted)}</bdi>
                  </th>
                  <td>
                    <bdi>{title(one.settled)}</bdi>
                  </td>
                  <td className="num">{count(one.count)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p className="files muted">
        As tables:{' '}
        {FILES.map(([name, path]) => (
          <a key={name} href={`/v1/runs/${run.id}/${path}&format=csv`} download>
            {name}
          </a>
        ))}
      </p>
    </section>
  )
}

function Figure({ name, value, rests }: { name: string; value: string; rests: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <b className="num">{value}</b>
        <small>{rests}</small>
      </dd>
    </div>
  )
}

const answers = (number: number) => (number === 1 ? '1 answer' : `${count(number)} answers`)

/** A share with its interval; nothing where it rests on nothing. */
function shown(share: Share, of: string, besides = '') {
  if (!share.n) return { value: 'not known', rests: `no ${of}` }
  return {
    value: percent(share.right / share.n),
    rests: `${percent(share.low)} to ${percent(share.high)}, of ${count(share.n)} ${of}${besides}`,
  }
}
