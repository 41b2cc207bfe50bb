import { barY, ruleY, text } from '@observablehq/plot'
import { count, dollars } from '../../lib/words'
import { COLOR, columns, type Drawing, type Splits } from '../drawing'
import { figuresOf } from '../examples'
import { against, many } from '../words'
import { bare, inDollars, linesY, short, strong } from './axes'

const MOST = 10
const PURPOSES = [
  ['Models', 'model_per_example', COLOR.violet],
  ['Review', 'review_per_example', COLOR.blue],
  ['Adjudication', 'adjudication_per_example', COLOR.orange],
] as const

/** What a settled example costs, and for what; `byHand` is the price of a person who labels it without help, `mine` what is looked at. */
export function cost(found: Splits, byHand: number | null, mine?: string): Drawing {
  const all = found.splits.filter((one) => one.per_example !== null)
  const told = all.find((one) => one.name === mine) ?? all.at(-1)
  const bars = all.slice(-MOST)
  const parts = bars.flatMap((one) => {
    let y2 = 0
    return PURPOSES.map(([, key, color]) => {
      const y1 = y2
      y2 += Number(one[key])
      return { x: one.name, y1, y2, color }
    })
  })
  const settled = all.reduce((sum, one) => sum + one.settled, 0)
  return {
    title: told
      ? finding(
          told.name,
          Number(told.per_example),
          byHand,
          found.splits.some((one) => one.unpriced > 0),
        )
      : 'What an example costs',
    about: `Dollars for each settled example: models, and people at ${dollars(found.hourly_rate)} an hour; n = ${count(settled)} settled. Sums of an account, so without interval${byHand === null ? '' : '. By hand: the median time of a review'}`,
    table: {
      columns: columns(
        'Of',
        ['Settled', 'count'],
        ['Per example', 'dollars'],
        ['Models', 'dollars'],
        ['Review', 'dollars'],
        ['Adjudication', 'dollars'],
        ['In all', 'dollars'],
      ),
      rows: found.splits.map((one) => [
        one.name,
        one.settled,
        one.per_example,
        one.model_per_example,
        one.review_per_example,
        one.adjudication_per_example,
        one.total_dollars,
      ]),
      hrefs: found.splits.map((one) => figuresOf(one.name)),
    },
    ...(all.length ? {} : { nothing: 'Nothing is settled yet: what an example costs is known once something is.' }),
    legend: PURPOSES.filter(([, key]) => bars.some((one) => Number(one[key]))).map(([word, , color]) => [word, color]),
    near: 'x',
    points: bars.map((one) => ({
      x: one.name,
      y: Number(one.per_example),
      href: figuresOf(one.name),
      says: [
        `${upper(one.name)}: ${dollars(one.per_example)} an example`,
        ...PURPOSES.map(([word, key]) => `${word} ${dollars(one[key])}`),
        many(one.settled, 'label'),
      ].join('\n'),
    })),
    plot: (width) => ({
      height: 240,
      marginLeft: 58,
      marginTop: 24,
      marginRight: byHand === null ? 8 : 62,
      color: { type: 'identity' },
      x: {
        ...bare,
        type: 'band',
        domain: bars.map((one) => one.name),
        padding: bars.length < 3 ? 0.7 : 0.4,
        tickFormat: (name: string) => short(upper(name), Math.max(5, Math.floor(width / bars.length / 8))),
      },
      y: {
        ...bare,
        ticks: 4,
        tickFormat: inDollars,
        domain: [0, 1.1 * Math.max(byHand ?? 0, ...bars.map((one) => Number(one.per_example)))],
      },
      marks: [
        linesY(),
        barY(parts, { x: 'x', y1: 'y1', y2: 'y2', fill: 'color' }),
        ...(byHand === null
          ? []
          : [
              ruleY([byHand], { stroke: COLOR.ink, strokeDasharray: '5 4' }),
              text([byHand], {
                y: (one: number) => one,
                text: [`By hand\n${dollars(byHand)}`],
                dx: 8,
                textAnchor: 'start',
                frameAnchor: 'right',
                lineHeight: 1.25,
                ...strong,
              }),
            ]),
        text(bars, {
          x: 'name',
          y: (one) => Number(one.per_example),
          text: (one) => dollars(one.per_example),
          dy: -8,
          ...strong,
        }),
      ],
    }),
  }
}

export function finding(name: string, each: number, byHand: number | null, isLeast = false): string {
  const sum = `${isLeast ? 'at least ' : ''}${dollars(each)}`
  if (byHand === null || !byHand) return `${upper(name)} labels an example for ${sum}`
  return `${upper(name)} labels an example for ${sum}, ${against(each, byHand)} by hand`
}

const upper = (name: string) => (name.startsWith('run ') ? `Run ${name.slice(4)}` : name)
