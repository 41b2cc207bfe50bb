import { barX, dot, ruleX, ruleY, text } from '@observablehq/plot'
import { dollars, moment, title } from '../../lib/words'
import { COLOR, columns, type Cost, type Drawing } from '../drawing'
import { share } from '../words'
import { bare, dotted, inDollars, linesX, ROW, strong } from './axes'

type Money = { mean: string | number; low: string | number; high: string | number }
export type Spent = {
  spent: string
  cap: string | null
  quoted?: Cost['quoted'] | null
  expected?: Money | null
  isLeast?: boolean
}

/** What is spent for models, against what was quoted, what is expected and the cap. */
export function spend(found: Spent): Drawing {
  const estimates = [
    ['Quoted', found.quoted],
    ['Expected in the end', found.expected],
  ] as const
  const rows = estimates.flatMap(([name, money]) =>
    money ? [{ name, x: Number(money.mean), low: Number(money.low), high: Number(money.high) }] : [],
  )
  const [spent, cap] = [Number(found.spent), found.cap === null ? null : Number(found.cap)]
  const most = Math.max(spent, cap ?? 0, ...rows.map((one) => one.high))
  const names = ['Spent', ...rows.map((one) => one.name)]
  return {
    title: spendFinding(found),
    about: `Dollars for model calls${rows.length ? ', estimates with their interval' : ''}${cap === null ? '; no cap is set' : ', against the cap'}`,
    table: {
      columns: columns('What', ['Dollars', 'dollars'], ['Low', 'dollars'], ['High', 'dollars']),
      rows: [
        ['Spent', found.spent, null, null],
        ...rows.map((one) => [one.name, one.x, one.low, one.high]),
        ...(cap === null ? [] : [['Cap', found.cap, null, null]]),
      ],
    },
    ...(spent || rows.some((one) => one.high) ? {} : { nothing: 'Drafts have cost nothing so far.' }),
    near: 'y',
    points: [
      { x: spent, y: 'Spent', says: `Spent\n${dollars(spent)}${cap ? `, ${share(spent / cap)} of the cap` : ''}` },
      ...rows.map((one) => ({
        x: one.x,
        y: one.name,
        says: `${one.name}\n${dollars(one.x)} (${dollars(one.low)} to ${dollars(one.high)})`,
      })),
    ],
    plot: () => ({
      height: 64 + (ROW + 6) * names.length,
      marginLeft: 10,
      marginRight: 30,
      marginTop: 22,
      x: { ...bare, domain: [0, 1.05 * most], ticks: 4, tickFormat: inDollars },
      y: { axis: null, type: 'band', domain: names, padding: 0 },
      marks: [
        linesX(4),
        ...(cap === null
          ? []
          : [
              ruleX([cap], { stroke: COLOR.ink, strokeDasharray: '5 4' }),
              text([cap], {
                x: (one: number) => one,
                frameAnchor: 'top',
                dy: -12,
                text: [`Cap ${dollars(cap)}`],
                textAnchor: 'end',
                dx: 26,
                ...strong,
              }),
            ]),
        text(names, {
          y: (one) => one,
          frameAnchor: 'left',
          textAnchor: 'start',
          text: (one) => one,
          dy: -10,
          fill: COLOR.ink,
          stroke: COLOR.ground,
          strokeWidth: 4,
        }),
        barX([{ name: 'Spent', x: spent }], {
          y: 'name',
          x: 'x',
          fill: COLOR.violet,
          insetTop: 20,
          insetBottom: 8,
          rx2: 3,
        }),
        text([{ name: 'Spent', x: spent }], {
          y: 'name',
          x: 'x',
          text: () => dollars(spent),
          dx: 7,
          dy: 7,
          textAnchor: 'start',
          ...strong,
          stroke: COLOR.ground,
          strokeWidth: 4,
        }),
        ruleY(rows, { y: 'name', x1: 'low', x2: 'high', dy: 7, stroke: COLOR.grey, strokeWidth: 1.8 }),
        dot(rows, { y: 'name', x: 'x', dy: 7, fill: COLOR.grey, ...dotted }),
      ],
    }),
  }
}

export function spendFinding(found: Spent): string {
  const spent = `${found.isLeast ? 'at least ' : ''}${dollars(found.spent)}`
  if (found.cap === null)
    return Number(found.spent) ? `${upper(spent)} spent for models, without a cap` : 'Nothing is spent for models'
  return `${upper(spent)} of at most ${dollars(found.cap)} spent, ${share(Number(found.spent) / Number(found.cap))}`
}

const upper = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

export type Alarm = { kind: string; text: string; raised_at: string; acknowledged_by: string | null }

/** What somebody had to look at, and when. */
export function alarms(found: Alarm[]): Drawing {
  const open = found.filter((one) => one.acknowledged_by === null).length
  const rows = found.map((one) => ({ ...one, at: new Date(one.raised_at), name: title(one.kind) }))
  const names = [...new Set(rows.map((one) => one.name))]
  return {
    title: alarmsFinding(found.length, open),
    about: 'Alarms of the run by kind, when they were raised; hollow: somebody has seen it',
    table: {
      columns: columns('Raised', 'Kind', 'What', 'Seen by'),
      rows: found.map((one) => [moment(one.raised_at), one.kind, one.text, one.acknowledged_by ?? 'nobody yet']),
    },
    ...(found.length ? {} : { nothing: 'No alarm has been raised.' }),
    points: rows.map((one) => ({
      x: one.at as unknown as number,
      y: one.name,
      says: `${moment(one.raised_at)}\n${one.text}\n${one.acknowledged_by ? `seen by ${one.acknowledged_by}` : 'nobody has seen it yet'}`,
    })),
    plot: (width) => ({
      height: 44 + (ROW + 6) * names.length,
      marginLeft: 14,
      marginRight: 20,
      marginTop: 4,
      x: { ...bare, type: 'time', ticks: Math.floor(width / 110) },
      y: { axis: null, type: 'band', domain: names },
      marks: [
        text(names, {
          y: (one) => one,
          frameAnchor: 'left',
          textAnchor: 'start',
          text: (one) => one,
          dy: -10,
          fill: COLOR.ink,
        }),
        ruleY(names, { y: (one: string) => one, dy: 7, stroke: COLOR.line }),
        dot(rows, {
          x: 'at',
          y: 'name',
          dy: 7,
          r: 5,
          fill: (one) => (one.acknowledged_by ? COLOR.ground : COLOR.orange),
          stroke: COLOR.orange,
          strokeWidth: 1.6,
        }),
      ],
      color: { type: 'identity' },
    }),
  }
}

export const alarmsFinding = (all: number, open: number) =>
  all === 0
    ? 'Nothing is wrong'
    : open === 0
      ? `All ${all === 1 ? 'is' : `${all} alarms are`} seen to`
      : `${open} of ${all} ${all === 1 ? 'alarm' : 'alarms'} nobody has seen to yet`
