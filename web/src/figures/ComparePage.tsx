import '../examples/examples.css'
import './figures.css'
import { barX, dot, ruleX, ruleY, text } from '@observablehq/plot'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { useAddress } from '../lib/address'
import { api, take, type Run } from '../lib/api'
import { useForm, useRuns } from '../lib/runs'
import { summary } from '../lib/summary'
import { count, dollars, title } from '../lib/words'
import { Chart } from './Chart'
import { asShare, bare, dotted, linesX, ROW, short, strong } from './charts/axes'
import { COLOR, columns, FEWEST, type Comparison, type Drawing } from './drawing'
import { examplesOf } from './examples'
import { compared, shared, type Asked } from './pair'
import { Sides } from './Sides'
import { Tile } from './Tiles'
import { useCost, useFigure } from './useFigures'
import { verdict } from './verdict'
import { points, seconds, share, withInterval } from './words'

/** Two runs, models or prompts on the same examples: which is better, by how much, for how much, and where. */
export function ComparePage() {
  const [query, setQuery] = useAddress()
  const { data: runs = [] } = useRuns()
  const asked = compared(query, runs)
  return (
    <main className="page dash">
      <header><h1>Compare</h1></header>
      <Sides asked={asked} runs={runs} choose={(next) => setQuery(shared(next))} />
      {asked.first && asked.second ? <Two key={shared(asked)} asked={asked} runs={runs} /> : <p className="nothing-yet">Choose two: they are compared on the examples that both have drafted and whose label is known.</p>}
    </main>
  )
}

type Props = { asked: Asked; runs: Run[] }

function Two({ asked, runs }: Props) {
  const [right, setRight] = useState<'first' | 'second'>('second')
  const params = { query: { [asked.what]: `${asked.first},${asked.second}`, ...(asked.what === 'runs' ? {} : { project: asked.project }) } }
  const json = `/v1/compare?${new URLSearchParams(params.query as Record<string, string>).toString()}`
  const query = useFigure(['compare', json], () => take(api.GET('/v1/compare', { params })))
  const run = (name: string) => (asked.what === 'runs' ? runs.find((one) => String(one.id) === name) : undefined)
  const [one, other] = [useCost(run(asked.first)), useCost(run(asked.second))]
  const found = query.data
  if (query.error && !found) return <p className="bad" role="alert">{query.error.message}</p>
  if (!found) return <p className="nothing-yet loading" role="status">Counting</p>
  const sides = [['first', found.first, one], ['second', found.second, other]] as const
  const behind = (which: 'first' | 'second') => { setRight(which); document.getElementById('behind')?.scrollIntoView({ block: 'start' }) }
  return (
    <>
      <p className="verdict" role="status">{verdict(found)}.</p>
      <p className="verdict-basis">On the same {count(found.difference.n)} examples, {count(found.by_gold)} of them with gold: {found.basis}.</p>
      <dl className="tiles card">
        {sides.map(([which, name]) => <Tile key={which} name={`${title(name)} right`} query={query} say={({ difference }) => ({ value: difference.n ? share(difference[which].right / difference.n) : 'not known', rests: `${share(difference[which].low)} to ${share(difference[which].high)}` })} />)}
        <div className="tile"><dt>Right only in</dt><dd><b className="num"><button onClick={() => behind('first')}>{count(found.difference.only_first)}</button> : <button onClick={() => behind('second')}>{count(found.difference.only_second)}</button></b><small>{found.first} : {found.second}; if both were equally good, as unequal by a chance of {found.difference.chance < 0.001 ? '<0.001' : found.difference.chance.toFixed(3)}</small></dd></div>
        <Tile name="Model dollars per example" query={query} say={({ cost }) => ({ value: `${dollars(cost.first)} : ${dollars(cost.second)}`, rests: cost.difference === null ? '' : Number(cost.difference) === 0 ? 'no difference' : `difference ${signed(cost.difference)}${cost.low === null ? '' : ` (${signed(cost.low)} to ${signed(cost.high!)})`}${cost.unpriced ? '; some have no known price' : ''}` })} />
        {asked.what === 'runs' && <div className="tile"><dt>Accepted : seconds for an answer</dt><dd>{sides.map(([which, name, cost]) => <small key={which}>{title(name)}: {cost.data ? `${cost.data.settled ? share(cost.data.accepted / cost.data.settled) : 'nothing'} of ${count(cost.data.settled)} labels accepted; ${cost.data.median_review_seconds === null ? 'no answers' : seconds(cost.data.median_review_seconds)}` : ''}</small>)}</dd></div>}
      </dl>
      <div className="charts">
        <Chart name="Right and wrong together" wide query={query} draw={together} json={json} />
        <Chart name="Difference by class" wide query={query} by={asked.first} draw={(data) => byClass(data, asked.what === 'runs' ? Number(asked.second) : undefined)} json={json} />
      </div>
      <Behind asked={asked} found={found} right={right} setRight={setRight} run={run(asked.second)?.id ?? runs.find((one) => one.project === asked.project)?.id ?? 0} params={params} />
    </>
  )
}

const signed = (sum: string) => `${Number(sum) < 0 ? '−' : '+'}${dollars(Math.abs(Number(sum)))}`

function together(found: Comparison): Drawing {
  const apart = found.difference
  const rows = [['Both right', apart.both, COLOR.teal], [`Only ${found.first} right`, apart.only_first, COLOR.blue], [`Only ${found.second} right`, apart.only_second, COLOR.orange], ['Neither right', apart.neither, COLOR.grey]].map(([name, times, color]) => ({ name: String(name), times: Number(times), color: String(color) }))
  return {
    title: apart.n ? `They differ in ${share((apart.only_first + apart.only_second) / apart.n)} of the examples` : 'Nothing to compare yet',
    about: `Examples by who has them right; n = ${count(apart.n)}`,
    table: { columns: columns('Who', ['Examples', 'count']), rows: rows.map((one) => [one.name, one.times]) },
    near: 'y',
    points: rows.map((one) => ({ x: one.times, y: one.name, says: `${one.name}\n${count(one.times)} of ${count(apart.n)}` })),
    plot: () => ({
      height: 10 + (ROW + 8) * 4, marginLeft: 0, marginRight: 50, marginTop: 0, marginBottom: 0, x: { axis: null }, y: { axis: null, type: 'band', domain: rows.map((one) => one.name), padding: 0 }, color: { type: 'identity' },
      marks: [text(rows, { y: 'name', frameAnchor: 'left', textAnchor: 'start', text: 'name', dy: -9, fill: COLOR.ink }), barX(rows, { y: 'name', x: 'times', fill: 'color', insetTop: 22, insetBottom: 8, rx2: 3 }), text(rows, { y: 'name', x: 'times', text: (one) => count(one.times), dx: 7, dy: 7, textAnchor: 'start', ...strong })],
    }),
  }
}

function byClass(found: Comparison, run?: number): Drawing {
  const fields = new Set(found.classes.map((one) => one.name.split(': ')[0])).size
  const word = (name: string) => name.split(': ').slice(fields > 1 ? 0 : 1).map(title).join(': ')
  const rows = found.classes.filter((one) => one.difference.n >= FEWEST).slice(0, 12).map((one) => ({ ...one.difference, key: one.name, name: word(one.name), x: -one.difference.difference!, from: -one.difference.high, to: -one.difference.low }))
  const most = Math.min(1, Math.max(0.1, ...rows.flatMap((one) => [-one.from, one.to])))
  const sure = rows.filter((one) => one.from > 0 || one.to < 0)
  const href = (name: string) => examplesOf(run, { label: name.replace(': ', '='), place: 'settled' })
  return {
    title: rows.length ? (sure.length ? `A difference is sure in ${sure.map((one) => one.name).slice(0, 3).join(', ')}` : 'In no class is the difference sure') : 'Difference by class',
    about: `Accuracy of ${found.second} less that of ${found.first}, with 95% interval, each by itself, by the class that an example is settled as`,
    table: { columns: columns('Class', ['n', 'count'], ['Difference', 'share'], ['Low', 'share'], ['High', 'share'], [`Only ${found.first}`, 'count'], [`Only ${found.second}`, 'count']), rows: found.classes.map(({ name, difference: one }) => [name, one.n, one.difference === null ? null : -one.difference, -one.high, -one.low, one.only_first, one.only_second]), hrefs: found.classes.map((one) => href(one.name)) },
    ...(rows.length ? {} : { nothing: `No class has ${FEWEST} examples that both have drafted: the table has what there is.` }),
    near: 'y',
    points: rows.map((one) => ({ x: one.x, y: one.name, href: href(one.key), says: `${one.name}\n${one.x < 0 ? '−' : '+'}${points(one.x)} points (${(100 * one.from).toFixed(1)} to ${(100 * one.to).toFixed(1)})\n${found.first}: ${withInterval(one.first)}\n${found.second}: ${withInterval(one.second)}, n = ${count(one.n)}` })),
    plot: (width) => ({
      height: 44 + ROW * rows.length, marginLeft: 10, marginRight: 16, marginTop: 4, x: { ...asShare, ...bare, domain: [-most, most], ticks: 5, tickFormat: share }, y: { axis: null, type: 'band', domain: rows.map((one) => one.name) },
      marks: [linesX(5), ruleX([0], { stroke: COLOR.ink, strokeDasharray: '5 4' }), text(rows, { y: 'name', frameAnchor: 'left', textAnchor: 'start', text: (one) => short(one.name, Math.floor(width / 9)), dy: -9, fill: COLOR.ink, stroke: COLOR.ground, strokeWidth: 4 }), ruleY(rows, { y: 'name', x1: 'from', x2: 'to', dy: 6, stroke: COLOR.blue, strokeWidth: 1.8 }), dot(rows, { y: 'name', x: 'x', dy: 6, fill: COLOR.blue, ...dotted })],
    }),
  }
}

type BehindProps = { asked: Asked; found: Comparison; right: 'first' | 'second'; setRight: (right: 'first' | 'second') => void; run: number; params: { query: Record<string, string | undefined> } }

/** The examples that only one of the two has right. */
function Behind({ found, right, setRight, run, params }: BehindProps) {
  const fields = useForm(run).data?.fields ?? []
  const list = useInfiniteQuery({
    queryKey: ['discordant', params.query, right],
    initialPageParam: 0,
    queryFn: ({ pageParam }) => take(api.GET('/v1/compare/examples', { params: { query: { ...params.query, right, after: pageParam, limit: 20 } } })),
    getNextPageParam: (page) => page.next ?? undefined,
  })
  const items = list.data?.pages.flatMap((page) => page.items) ?? []
  const said = (label: object | null | undefined) => summary(label as Record<string, unknown> | null, fields, {}) || 'no draft'
  return (
    <section className="card behind" id="behind" aria-label="Examples behind it">
      <div className="chart-head">
        <h2>The examples behind it</h2><span className="spring" />
        <div className="seg" role="group" aria-label="Right only in">
          {(['first', 'second'] as const).map((which) => <button key={which} aria-pressed={right === which} onClick={() => setRight(which)}>Only {found[which]} right ({count(found.difference[`only_${which}`])})</button>)}
        </div>
      </div>
      {list.data && items.length === 0 && <p className="nothing-yet">There are none.</p>}
      {items.length > 0 && (
        <div className="rows" tabIndex={0} role="group" aria-label="Examples, table">
          <table aria-label="Examples that only one has right">
            <thead><tr><th scope="col">Example</th><th scope="col">{title(found.first)}</th><th scope="col">{title(found.second)}</th><th scope="col">Settled</th></tr></thead>
            <tbody>{items.map((one) => <tr key={one.id}><th scope="row"><Link href={examplesOf(run, { open: one.example_id }) ?? '#'}><bdi>{one.example_id}</bdi></Link></th><td><bdi>{said(one.first)}</bdi></td><td><bdi>{said(one.second)}</bdi></td><td><bdi>{said(one.settled)}</bdi></td></tr>)}</tbody>
          </table>
        </div>
      )}
      <div className="chart-foot">
        {list.hasNextPage && <button className="link" onClick={() => void list.fetchNextPage()}>More</button>}
        <a className="link" download="examples.json" href={`/v1/compare/examples?${new URLSearchParams({ ...(params.query as Record<string, string>), right, limit: '500' }).toString()}`}>JSON</a>
      </div>
    </section>
  )
}
