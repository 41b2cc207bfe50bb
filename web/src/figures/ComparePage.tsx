import '../examples/examples.css'
import './figures.css'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { useAddress } from '../lib/address'
import { api, take, type Run } from '../lib/api'
import { useForm, useRuns } from '../lib/runs'
import { summary } from '../lib/summary'
import { count, dollars, title } from '../lib/words'
import { Chart } from './Chart'
import { byClass, together } from './charts/comparison'
import type { Comparison, Cost } from './drawing'
import { examplesOf } from './examples'
import { compared, shared, type Asked } from './pair'
import { Sides } from './Sides'
import { Tile } from './Tiles'
import { useCost, useFigure } from './useFigures'
import { verdict } from './verdict'
import { seconds, share } from './words'

/** Two runs, models or prompts on the same examples: which is better, by how much, for how much, and where. */
export function ComparePage() {
  const [query, setQuery] = useAddress()
  const { data: runs = [] } = useRuns()
  const asked = compared(query, runs)
  return (
    <main className="page dash">
      <header>
        <h1>Compare</h1>
      </header>
      <Sides asked={asked} runs={runs} choose={(next) => setQuery(shared(next))} />
      {asked.first && asked.second ? (
        <Two key={shared(asked)} asked={asked} runs={runs} />
      ) : (
        <p className="nothing-yet">
          Choose two: they are compared on the examples that both have drafted and whose label is known.
        </p>
      )}
    </main>
  )
}

type Props = { asked: Asked; runs: Run[] }

function Two({ asked, runs }: Props) {
  const [right, setRight] = useState<'first' | 'second'>('second')
  const params = {
    query: {
      [asked.what]: `${asked.first},${asked.second}`,
      ...(asked.what === 'runs' ? {} : { project: asked.project }),
    },
  }
  const json = `/v1/compare?${new URLSearchParams(params.query as Record<string, string>).toString()}`
  const query = useFigure(['compare', json], () => take(api.GET('/v1/compare', { params })))
  const run = (name: string) => (asked.what === 'runs' ? runs.find((one) => String(one.id) === name) : undefined)
  const [one, other] = [useCost(run(asked.first)), useCost(run(asked.second))]
  const found = query.data
  if (query.error && !found)
    return (
      <p className="bad" role="alert">
        {query.error.message}
      </p>
    )
  if (!found)
    return (
      <p className="nothing-yet loading" role="status">
        Counting
      </p>
    )
  const sides = [
    ['first', found.first, one],
    ['second', found.second, other],
  ] as const
  const behind = (which: 'first' | 'second') => {
    setRight(which)
    document.getElementById('behind')?.scrollIntoView({ block: 'start' })
  }
  return (
    <>
      <p className="verdict" role="status">
        {verdict(found)}.
      </p>
      <p className="verdict-basis">
        On the same {count(found.difference.n)} examples, {count(found.by_gold)} of them with gold: {found.basis}.
      </p>
      <dl className="tiles card">
        {sides.map(([which, name]) => (
          <Tile
            key={which}
            name={`${title(name)} right`}
            query={query}
            say={({ difference }) => ({
              value: difference.n ? share(difference[which].right / difference.n) : 'not known',
              rests: `${share(difference[which].low)} to ${share(difference[which].high)}`,
            })}
          />
        ))}
        <div className="tile">
          <dt>Right only in</dt>
          <dd>
            <b className="num">
              <button onClick={() => behind('first')}>{count(found.difference.only_first)}</button> :{' '}
              <button onClick={() => behind('second')}>{count(found.difference.only_second)}</button>
            </b>
            <small>
              {found.first} : {found.second}; if both were equally good, as unequal by a chance{' '}
              {found.difference.chance < 0.001 ? 'under 0.001' : `of ${found.difference.chance.toFixed(3)}`}
            </small>
          </dd>
        </div>
        <Tile
          name="Model dollars per example"
          query={query}
          say={({ cost }) => ({
            value: `${dollars(cost.first)} : ${dollars(cost.second)}`,
            rests:
              cost.difference === null
                ? ''
                : Number(cost.difference) === 0
                  ? 'no difference'
                  : `difference ${signed(cost.difference)}${cost.low === null ? '' : ` (${signed(cost.low)} to ${signed(cost.high!)})`}${cost.unpriced ? '; some have no known price' : ''}`,
          })}
        />
        {one.data && other.data && (
          <div className="tile">
            <dt>Accepted without review</dt>
            <dd>
              <b className="num">{[one.data, other.data].map(accepted).join(' : ')}</b>
              <small>median {[one.data, other.data].map(pace).join(' : ')} an answer</small>
            </dd>
          </div>
        )}
      </dl>
      <div className="charts">
        <Chart name="Right and wrong together" wide query={query} draw={together} json={json} />
        <Chart
          name="Difference by class"
          wide
          query={query}
          by={asked.first}
          draw={(data) => byClass(data, asked.what === 'runs' ? Number(asked.second) : undefined)}
          json={json}
        />
      </div>
      <Behind
        asked={asked}
        found={found}
        right={right}
        setRight={setRight}
        run={run(asked.second)?.id ?? runs.find((one) => one.project === asked.project)?.id ?? 0}
        params={params}
      />
    </>
  )
}

const accepted = (cost: Cost) => (cost.settled ? share(cost.accepted / cost.settled) : 'nothing')
const pace = (cost: Cost) => (cost.median_review_seconds === null ? 'no answers' : seconds(cost.median_review_seconds))
const signed = (sum: string) => `${Number(sum) < 0 ? '−' : '+'}${dollars(Math.abs(Number(sum)))}`

type BehindProps = {
  asked: Asked
  found: Comparison
  right: 'first' | 'second'
  setRight: (right: 'first' | 'second') => void
  run: number
  params: { query: Record<string, string | undefined> }
}

/** The examples that only one of the two has right. */
function Behind({ found, right, setRight, run, params }: BehindProps) {
  const fields = useForm(run).data?.fields ?? []
  const list = useInfiniteQuery({
    queryKey: ['discordant', params.query, right],
    initialPageParam: 0,
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/v1/compare/examples', { params: { query: { ...params.query, right, after: pageParam, limit: 20 } } }),
      ),
    getNextPageParam: (page) => page.next ?? undefined,
  })
  const items = list.data?.pages.flatMap((page) => page.items) ?? []
  const said = (label: object | null | undefined) =>
    summary(label as Record<string, unknown> | null, fields, {}) || 'no draft'
  return (
    <section className="card behind" id="behind" aria-label="Examples behind it">
      <div className="chart-head">
        <h2>The examples behind it</h2>
        <span className="spring" />
        <div className="seg" role="group" aria-label="Right only in">
          {(['first', 'second'] as const).map((which) => (
            <button key={which} aria-pressed={right === which} onClick={() => setRight(which)}>
              Only {found[which]} right ({count(found.difference[`only_${which}`])})
            </button>
          ))}
        </div>
      </div>
      {list.data && items.length === 0 && <p className="nothing-yet">There are none.</p>}
      {items.length > 0 && (
        <div className="rows" tabIndex={0} role="group" aria-label="Examples, table">
          <table aria-label="Examples that only one has right">
            <thead>
              <tr>
                <th scope="col">Example</th>
                <th scope="col">{title(found.first)}</th>
                <th scope="col">{title(found.second)}</th>
                <th scope="col">Settled</th>
              </tr>
            </thead>
            <tbody>
              {items.map((one) => (
                <tr key={one.id}>
                  <th scope="row">
                    <Link href={examplesOf(run, { open: one.example_id }) ?? '#'}>
                      <bdi>{one.example_id}</bdi>
                    </Link>
                  </th>
                  <td>
                    <bdi>{said(one.first)}</bdi>
                  </td>
                  <td>
                    <bdi>{said(one.second)}</bdi>
                  </td>
                  <td>
                    <bdi>{said(one.settled)}</bdi>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <div className="chart-foot">
        {list.hasNextPage && (
          <button className="link" onClick={() => void list.fetchNextPage()}>
            More
          </button>
        )}
        <a
          className="link"
          download="examples.json"
          href={`/v1/compare/examples?${new URLSearchParams({ ...(params.query as Record<string, string>), right, limit: '500' }).toString()}`}
        >
          JSON
        </a>
      </div>
    </section>
  )
}
