import { gridX, gridY, text, type Markish } from '@observablehq/plot'
import { COLOR } from '../drawing'
import { share } from '../words'

export const ROW = 34

/** Plain axes, without ticks or arrows. */
export const bare = { label: null, tickSize: 0 } as const
export const asShare = { ...bare, tickFormat: share } as const
/** Ticks in dollars, each with as many decimals as the finest of them. */
export const inDollars = (sum: number, _at = 0, ticks: readonly number[] = [sum]) =>
  `$${sum.toFixed(Math.min(9, Math.max(2, ...ticks.map(decimals))))}`
const decimals = (tick: number) => {
  let found = 0
  while (found < 9 && Math.abs(tick * 10 ** found - Math.round(tick * 10 ** found)) > 1e-6) found += 1
  return found
}
export const titled = (label: string) =>
  ({ label, labelAnchor: 'center', labelArrow: 'none', labelOffset: 38, tickSize: 0 }) as const

export const linesY = (ticks = 4): Markish => gridY({ stroke: COLOR.line, strokeOpacity: 1, ticks })
export const linesX = (ticks = 4): Markish => gridX({ stroke: COLOR.line, strokeOpacity: 1, ticks })
export const strong = { fill: COLOR.ink, fontWeight: 600 } as const
export const dotted = { stroke: COLOR.ground, strokeWidth: 1.5, r: 5.5 } as const

/** A name that fits into so many letters. */
export const short = (text: string, most: number) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`)

const above = { y: 'name', dy: -10, stroke: COLOR.ground, strokeWidth: 4 } as const
/** Above each row its name, and at the other end what it comes to. */
export const captions = <Row extends { name: string }>(rows: Row[], value: (row: Row) => string): Markish[] => [
  text(rows, { ...above, frameAnchor: 'left', textAnchor: 'start', text: 'name', fill: COLOR.ink }),
  text(rows, { ...above, ...strong, frameAnchor: 'right', textAnchor: 'end', text: value }),
]
