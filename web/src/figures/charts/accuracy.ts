import { dot, ruleX, ruleY, text } from '@observablehq/plot'
import { count, dollars, title } from '../../lib/words'
import { COLOR, columns, FEWEST, type Drawing, type Scores } from '../drawing'
import { examplesOf, figuresOf } from '../examples'
import { many, ofFields, share, withInterval } from '../words'
import { asShare, bare, dotted, inDollars, linesX, linesY, ROW, short, strong, titled } from './axes'

const MOST = 12
type Part = Scores['parts'][number]

/** Of audits where there are enough in all or in some part: they alone are a random sample; else of all that people have settled. */
export const sampleOf = (parts: Pick<Part, 'audited'>[]) =>
  parts.some((one) => one.audited.n >= FEWEST) ? ('audited' as const) : ('accuracy' as const)
export const BASES = {
  audited: 'audits: a random share of what would have been accepted',
  accuracy: 'drafts whose example people settled: mostly the unsure ones, so no sample of all',
}

const table = (found: Scores, href: (one: Part) => string | undefined) => ({
  columns: columns(
    'Of',
    ['Drafted', 'count'],
    ['Right', 'share'],
    ['Low', 'share'],
    ['High', 'share'],
    ['n', 'count'],
    ['Right, audits', 'share'],
    ['n of audits', 'count'],
    ['Accepted', 'share'],
    ['Dollars per draft', 'dollars'],
  ),
  rows: found.parts.map((one) => [
    one.name,
    one.drafted,
    rate(one.accuracy),
    one.accuracy.n ? one.accuracy.low : null,
    one.accuracy.n ? one.accuracy.high : null,
    one.accuracy.n,
    rate(one.audited),
    one.audited.n,
    rate(one.accepted),
    one.per_example,
  ]),
  hrefs: found.parts.map(href),
})
const rate = (one: { right: number; n: number }) => (one.n ? one.right / one.n : null)

/** How often drafts are right, part by part, the worst ones where there are many. */
export function accuracy(found: Scores, run?: number): Drawing {
  const basis = sampleOf(found.parts)
  const word = wordFor(found)
  const href = (one: Part) =>
    found.by === 'run'
      ? figuresOf(one.name)
      : found.by === 'class'
        ? examplesOf(run, { label: one.name.replace(': ', '='), place: 'settled' })
        : undefined
  const enough = found.parts
    .filter((one) => one[basis].n >= FEWEST)
    .map((one) => ({ ...one, of: one[basis], y: one[basis].right / one[basis].n, name: word(one.name), key: one.name }))
  const parts = found.by === 'class' ? [...enough].sort((a, b) => a.y - b.y).slice(0, MOST) : enough.slice(-MOST)
  const left = Math.min(0.9, ...parts.map((one) => one.of.low))
  return {
    title: accuracyFinding(parts, found),
    about: `Share of drafts that are right, with 95% interval; n = ${count(found.total[basis].n)} ${BASES[basis]}${parts.length < enough.length ? `. The ${MOST} ${found.by === 'class' ? 'worst' : 'last'} of ${enough.length}` : ''}`,
    table: table(found, href),
    ...(parts.length
      ? {}
      : {
          nothing: found.total[basis].n
            ? `${many(found.total[basis].n, 'draft')} judged so far: a part is drawn from ${FEWEST} on.`
            : 'Nobody has reviewed yet: accuracy is known once people have settled some drafts.',
        }),
    near: 'y',
    points: parts.map((one) => ({
      x: one.y,
      y: one.name,
      href: href({ ...one, name: one.key }),
      says: `${one.name}\n${withInterval(one.of)} right, n = ${count(one.of.n)}`,
    })),
    plot: (width) => ({
      height: 46 + ROW * parts.length,
      marginLeft: 8,
      marginRight: 8,
      marginTop: 4,
      x: { ...asShare, domain: [Math.floor(left * 10) / 10, 1], ticks: 5 },
      y: { axis: null, type: 'band', domain: parts.map((one) => one.name) },
      marks: [
        linesX(5),
        text(parts, {
          y: 'name',
          frameAnchor: 'left',
          text: (one) => short(one.name, Math.floor(width / 9)),
          dy: -9,
          textAnchor: 'start',
          fill: COLOR.ink,
          stroke: COLOR.ground,
          strokeWidth: 4,
        }),
        ...interval(parts),
        text(parts, {
          y: 'name',
          frameAnchor: 'right',
          textAnchor: 'end',
          text: (one) => share(one.y),
          dy: -9,
          ...strong,
          stroke: COLOR.ground,
          strokeWidth: 4,
        }),
      ],
    }),
  }
}

const interval = (parts: { name: string; y: number; of: { low: number; high: number } }[]) => [
  ruleYs(parts),
  dot(parts, { y: 'name', x: 'y', dy: 6, fill: COLOR.teal, ...dotted }),
]
const ruleYs = (parts: { name: string; of: { low: number; high: number } }[]) =>
  ruleY(parts, {
    y: 'name',
    x1: (one: { of: { low: number } }) => one.of.low,
    x2: (one: { of: { high: number } }) => one.of.high,
    dy: 6,
    stroke: COLOR.teal,
    strokeWidth: 1.8,
  })

const wordFor = ({ by, parts }: Scores) =>
  by === 'run'
    ? (name: string) => `Run ${name}`
    : by === 'class'
      ? ofFields(parts.map((one) => one.name))
      : by === 'field'
        ? title
        : (name: string) => name

export function accuracyFinding(
  parts: { name: string; y: number; of: Part['accuracy'] }[],
  found: Pick<Scores, 'by'>,
): string {
  const [first, last] = [parts[0], parts.at(-1)]
  if (!first || !last) return 'How often drafts are right'
  const whose = (name: string) => (found.by === 'class' || found.by === 'field' ? name : `${name}’s drafts`)
  if (parts.length === 1)
    return found.by === 'class' || found.by === 'field'
      ? `${first.name}: right in ${withInterval(first.of)}`
      : `${first.name}’s drafts are right in ${withInterval(first.of)}`
  const worst = parts.reduce((a, b) => (b.y < a.y ? b : a))
  const best = parts.reduce((a, b) => (b.y > a.y ? b : a))
  const isApart = worst.of.high < best.of.low
  if (found.by === 'class' || found.by === 'field')
    return `${worst.name} is right least often: ${withInterval(worst.of)}`
  return isApart
    ? `${whose(best.name)} are right more often (${share(best.y)}) than ${whose(worst.name)} (${share(worst.y)})`
    : `No difference is sure yet: from ${share(worst.y)} to ${share(best.y)} right`
}

/** Which model is right how often, at what price. */
export function models(found: Scores): Drawing {
  const basis = sampleOf(found.parts)
  const parts = found.parts
    .filter((one) => one[basis].n >= FEWEST && one.per_example !== null)
    .map((one) => ({ ...one, of: one[basis], x: Number(one.per_example), y: one[basis].right / one[basis].n }))
  const prices = parts.map((one) => one.x)
  const isLog = prices.length > 1 && Math.min(...prices) > 0 && Math.max(...prices) > 10 * Math.min(...prices)
  const best = parts.length ? parts.reduce((a, b) => (b.y > a.y ? b : a)) : undefined
  return {
    title: best
      ? parts.length > 1
        ? `${best.name} is right most often: ${share(best.y)}, at ${dollars(best.x)} a draft`
        : `${best.name} is right in ${share(best.y)}, at ${dollars(best.x)} a draft`
      : 'Which model is worth its price',
    about: `Share of drafts right, with 95% interval, by dollars of model calls for a draft${isLog ? ' (log scale)' : ''}; n = ${count(found.total[basis].n)} ${BASES[basis]}`,
    table: table(found, () => undefined),
    ...(parts.length ? {} : { nothing: `A model is drawn once ${FEWEST} of its drafts are judged.` }),
    points: parts.map((one) => ({
      x: one.x,
      y: one.y,
      says: `${one.name}\n${withInterval(one.of)} right, n = ${count(one.of.n)}\n${dollars(one.x)} a draft`,
    })),
    plot: (width) => ({
      height: 270,
      marginLeft: 46,
      marginTop: 18,
      marginRight: 24,
      marginBottom: 46,
      x: {
        ...bare,
        ...titled('Dollars for a draft'),
        type: isLog ? 'log' : 'linear',
        tickFormat: isLog ? (sum: number) => dollars(sum) : inDollars,
        ticks: Math.max(2, Math.floor(width / 130)),
        domain: isLog ? [Math.min(...prices) / 2, 2 * Math.max(...prices)] : [0, 1.6 * Math.max(...prices) || 0.01],
      },
      y: {
        ...asShare,
        ticks: 4,
        domain: [
          Math.max(0, Math.min(...parts.map((one) => one.of.low)) - 0.04),
          Math.min(1, Math.max(...parts.map((one) => one.of.high)) + 0.04),
        ],
      },
      marks: [
        linesY(),
        ruleX(parts, {
          x: 'x',
          y1: (one) => one.of.low,
          y2: (one) => one.of.high,
          stroke: COLOR.grey,
          strokeWidth: 1.6,
        }),
        dot(parts, { x: 'x', y: 'y', fill: COLOR.blue, ...dotted }),
        text(parts, {
          x: 'x',
          y: 'y',
          text: (one) => short(one.name, Math.floor(width / 14)),
          dx: 10,
          textAnchor: 'start',
          fill: COLOR.ink,
          fontWeight: 540,
          stroke: COLOR.ground,
          strokeWidth: 4,
        }),
      ],
    }),
  }
}
