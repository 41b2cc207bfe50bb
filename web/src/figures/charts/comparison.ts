import { barX, dot, ruleX, ruleY, text } from '@observablehq/plot'
import { count } from '../../lib/words'
import { COLOR, columns, FEWEST, type Comparison, type Drawing } from '../drawing'
import { examplesOf } from '../examples'
import { apart, ofFields, points, share, withInterval } from '../words'
import { asShare, bare, dotted, linesX, ROW, short, strong } from './axes'

const MOST = 12

/** How many examples both, one or none has right. */
export function together(found: Comparison): Drawing {
  const both = found.difference
  const rows = [
    ['Both right', both.both, COLOR.teal],
    [`Only ${found.first} right`, both.only_first, COLOR.blue],
    [`Only ${found.second} right`, both.only_second, COLOR.orange],
    ['Neither right', both.neither, COLOR.grey],
  ].map(([name, times, color]) => ({ name: String(name), times: Number(times), color: String(color) }))
  return {
    title: both.n
      ? `They differ in ${share((both.only_first + both.only_second) / both.n)} of the examples`
      : 'Nothing to compare yet',
    about: `Examples by who has them right; n = ${count(both.n)}`,
    table: { columns: columns('Who', ['Examples', 'count']), rows: rows.map((one) => [one.name, one.times]) },
    near: 'y',
    points: rows.map((one) => ({
      x: one.times,
      y: one.name,
      says: `${one.name}\n${count(one.times)} of ${count(both.n)}`,
    })),
    plot: () => ({
      height: 10 + (ROW + 8) * 4,
      marginLeft: 0,
      marginRight: 50,
      marginTop: 0,
      marginBottom: 0,
      x: { axis: null },
      y: { axis: null, type: 'band', domain: rows.map((one) => one.name), padding: 0 },
      color: { type: 'identity' },
      marks: [
        text(rows, { y: 'name', frameAnchor: 'left', textAnchor: 'start', text: 'name', dy: -9, fill: COLOR.ink }),
        barX(rows, { y: 'name', x: 'times', fill: 'color', insetTop: 22, insetBottom: 8, rx2: 3 }),
        text(rows, {
          y: 'name',
          x: 'times',
          text: (one) => count(one.times),
          dx: 7,
          dy: 7,
          textAnchor: 'start',
          ...strong,
        }),
      ],
    }),
  }
}

/** In which classes the second is better than the first, or worse: the most frequent ones. */
export function byClass(found: Comparison, run?: number): Drawing {
  const word = ofFields(found.classes.map((one) => one.name))
  const rows = found.classes
    .filter((one) => one.difference.n >= FEWEST)
    .slice(0, MOST)
    .map((one) => ({
      ...one.difference,
      key: one.name,
      name: word(one.name),
      x: -one.difference.difference!,
      from: -one.difference.high,
      to: -one.difference.low,
    }))
  const most = Math.min(1, Math.max(0.1, ...rows.flatMap((one) => [-one.from, one.to])))
  const sure = rows.filter((one) => one.from > 0 || one.to < 0)
  const href = (name: string) => examplesOf(run, { label: name.replace(': ', '='), place: 'settled' })
  return {
    title: rows.length
      ? sure.length
        ? `A difference is sure in ${sure
            .map((one) => one.name)
            .slice(0, 3)
            .join(', ')}`
        : 'In no class is the difference sure'
      : 'Difference by class',
    about: `Accuracy of ${found.second} less that of ${found.first}, with 95% interval, each by itself, by the class that an example is settled as`,
    table: {
      columns: columns(
        'Class',
        ['n', 'count'],
        ['Difference', 'share'],
        ['Low', 'share'],
        ['High', 'share'],
        [`Only ${found.first}`, 'count'],
        [`Only ${found.second}`, 'count'],
      ),
      rows: found.classes.map(({ name, difference: one }) => [
        name,
        one.n,
        one.difference === null ? null : -one.difference,
        -one.high,
        -one.low,
        one.only_first,
        one.only_second,
      ]),
      hrefs: found.classes.map((one) => href(one.name)),
    },
    ...(rows.length
      ? {}
      : { nothing: `No class has ${FEWEST} examples that both have drafted: the table has what there is.` }),
    near: 'y',
    points: rows.map((one) => ({
      x: one.x,
      y: one.name,
      href: href(one.key),
      says: `${one.name}\n${one.x < 0 ? '−' : '+'}${points(one.x)} points (${apart(one.from)} to ${apart(one.to)})\n${found.first}: ${withInterval(one.first)}\n${found.second}: ${withInterval(one.second)}, n = ${count(one.n)}`,
    })),
    plot: (width) => ({
      height: 44 + ROW * rows.length,
      marginLeft: 10,
      marginRight: 16,
      marginTop: 4,
      x: {
        ...asShare,
        ...bare,
        domain: [-most, most],
        ticks: 5,
        tickFormat: (of: number) => share(of).replace('-', '−'),
      },
      y: { axis: null, type: 'band', domain: rows.map((one) => one.name) },
      marks: [
        linesX(5),
        ruleX([0], { stroke: COLOR.ink, strokeDasharray: '5 4' }),
        text(rows, {
          y: 'name',
          frameAnchor: 'left',
          textAnchor: 'start',
          text: (one) => short(one.name, Math.floor(width / 9)),
          dy: -9,
          fill: COLOR.ink,
          stroke: COLOR.ground,
          strokeWidth: 4,
        }),
        ruleY(rows, { y: 'name', x1: 'from', x2: 'to', dy: 6, stroke: COLOR.blue, strokeWidth: 1.8 }),
        dot(rows, { y: 'name', x: 'x', dy: 6, fill: COLOR.blue, ...dotted }),
      ],
    }),
  }
}
