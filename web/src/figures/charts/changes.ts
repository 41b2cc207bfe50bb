import { barX, cell, text } from '@observablehq/plot'
import { count, title } from '../../lib/words'
import { COLOR, columns, type Drawing, type Scores } from '../drawing'
import { examplesOf } from '../examples'
import { many, share } from '../words'
import { ROW, short, strong } from './axes'

const MOST = 8
/** Pixels of a cell from which on there is room for its percentage, and for slanted names side by side. */
const READABLE = 17

/** What people change most, from and to. */
export function corrections(found: Scores, run?: number): Drawing {
  const fields = new Set(found.corrections.map((one) => one.field)).size
  const all = found.corrections.map((one) => ({
    ...one,
    name: `${fields > 1 ? `${title(one.field)}: ` : ''}${title(one.drafted) || 'nothing'} → ${title(one.settled) || 'nothing'}`,
    href: examplesOf(run, { corrected: 'yes', label: one.settled ? `${one.field}=${one.settled}` : '' }),
  }))
  const bars = all.slice(0, MOST).map((one, at) => ({ ...one, at }))
  return {
    title: correctionsFinding(found),
    about: `What people changed drafts to, drafted → settled; n = ${many(found.total.accuracy.n, 'draft')} that people settled`,
    table: {
      columns: columns('Drafted', 'Settled', 'Field', ['Times', 'count']),
      rows: found.corrections.map((one) => [one.drafted, one.settled, one.field, one.count]),
      hrefs: all.map((one) => one.href),
    },
    ...(bars.length
      ? {}
      : {
          nothing: found.total.accuracy.n
            ? 'People have changed nothing: every draft that they saw was right.'
            : 'Nobody has reviewed yet: what people change stands here once they do.',
        }),
    near: 'y',
    points: bars.map((one) => ({
      x: one.count,
      y: one.at,
      href: one.href,
      says: `${one.name}\n${many(one.count, 'time')}`,
    })),
    plot: (width) => ({
      height: 8 + (ROW + 6) * bars.length,
      marginLeft: 0,
      marginRight: 44,
      marginTop: 0,
      marginBottom: 0,
      x: { axis: null, domain: [0, Math.max(1, ...bars.map((one) => one.count))] },
      y: { axis: null, type: 'band', domain: bars.map((one) => one.at), padding: 0 },
      marks: [
        text(bars, {
          y: 'at',
          frameAnchor: 'left',
          textAnchor: 'start',
          dy: -8,
          text: (one) => short(one.name, Math.floor(width / 7)),
          fill: COLOR.ink,
        }),
        barX(bars, { y: 'at', x: 'count', fill: COLOR.orange, insetTop: 22, insetBottom: 8, rx2: 3 }),
        text(bars, {
          y: 'at',
          x: 'count',
          text: (one) => count(one.count),
          dx: 7,
          dy: 7,
          textAnchor: 'start',
          ...strong,
        }),
      ],
    }),
  }
}

export function correctionsFinding(found: Pick<Scores, 'corrections' | 'total'>): string {
  const most = found.corrections[0]
  if (!most) return found.total.accuracy.n ? 'People have changed no draft' : 'What people change'
  return `“${title(most.drafted)}” is most often changed to “${title(most.settled)}”: ${many(most.count, 'time')}`
}

/** How what was drafted was settled, class by class, of one field. */
export function confusion(found: Scores, field: string, run?: number): Drawing {
  const one = found.confusions.find((one) => one.field === field) ?? found.confusions[0]
  if (!one)
    return {
      title: 'What is taken for what',
      about: 'Drafted class by settled class',
      table: { columns: columns('Drafted'), rows: [] },
      nothing: found.total.accuracy.n
        ? 'No field has classes.'
        : 'Nobody has reviewed yet: what is taken for what shows once people have settled some drafts.',
    }
  const cells = one.classes.flatMap((drafted, row) => {
    const n = one.counts[row]!.reduce((sum, times) => sum + times, 0)
    return one.classes.map((settled, column) => ({
      drafted,
      settled,
      row,
      column,
      times: one.counts[row]![column]!,
      n,
      y: n ? one.counts[row]![column]! / n : 0,
    }))
  })
  const total = cells.reduce((sum, cell) => sum + cell.times, 0)
  const href = (drafted: string, settled: string) =>
    settled.startsWith('(')
      ? undefined
      : examplesOf(run, { label: `${one.field}=${settled}`, ...(drafted === settled ? {} : { corrected: 'yes' }) })
  return {
    title: confusionFinding(cells),
    about: `${title(one.field)}: share of each drafted class (row) by what it was settled as (column); n = ${many(total, 'draft')} that people settled`,
    table: {
      columns: columns('Drafted', 'Settled', ['Times', 'count'], ['Share of drafted', 'share']),
      rows: cells.filter((cell) => cell.times).map((cell) => [cell.drafted, cell.settled, cell.times, cell.y]),
      hrefs: cells.filter((cell) => cell.times).map((cell) => href(cell.drafted, cell.settled)),
    },
    points: cells
      .filter((cell) => cell.times)
      .map((cell) => ({
        x: cell.column,
        y: cell.row,
        href: href(cell.drafted, cell.settled),
        says: `Drafted ${title(cell.drafted)}\nsettled ${title(cell.settled)}\n${count(cell.times)} of ${count(cell.n)}, ${share(cell.y)}`,
      })),
    plot: (width) => {
      const left = Math.min(170, width * 0.34),
        letters = Math.floor(left / 7),
        room = (width - left) / one.classes.length,
        isNarrow = room < READABLE
      const names = {
        type: 'band',
        domain: one.classes.map((_, at) => at),
        label: null,
        tickSize: 0,
        padding: 0,
      } as const
      return {
        height: Math.max(150, 26 * one.classes.length + 96),
        marginLeft: left,
        marginTop: 4,
        marginBottom: 92,
        marginRight: 4,
        opacity: { type: 'identity' },
        x: {
          ...names,
          tickRotate: isNarrow ? -90 : -45,
          tickFormat: (at: number) => short(title(one.classes[at]!), isNarrow ? 14 : 18),
        },
        y: { ...names, tickFormat: (at: number) => short(title(one.classes[at]!), letters) },
        marks: [
          cell(cells, { x: 'column', y: 'row', fill: COLOR.line, fillOpacity: 0.5, inset: 0.8, rx: 3 }),
          cell(
            cells.filter((one) => one.times),
            { x: 'column', y: 'row', fill: 'var(--heat)', fillOpacity: (one) => Math.sqrt(one.y), inset: 0.8, rx: 3 },
          ),
          text(
            cells.filter((one) => one.y >= 0.03 && !isNarrow),
            {
              x: 'column',
              y: 'row',
              text: (one) => String(Math.round(100 * one.y)),
              fill: (one) => (one.y > 0.3 ? 'var(--on-heat)' : COLOR.ink),
              fontSize: 10.5,
            },
          ),
        ],
        color: { type: 'identity' },
      }
    },
  }
}

type Confused = { drafted: string; settled: string; times: number; n: number; y: number }

export function confusionFinding(cells: Confused[]): string {
  const off = cells.filter((one) => one.drafted !== one.settled && one.times)
  if (!off.length) return 'No class is taken for another'
  const most = off.reduce((a, b) => (b.times > a.times ? b : a))
  return `“${title(most.drafted)}” is really “${title(most.settled)}” in ${share(most.y)} of its ${count(most.n)}`
}
