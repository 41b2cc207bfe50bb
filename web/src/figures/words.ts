import type { Share } from '../lib/api'
import { count, dollars, title } from '../lib/words'
import type { Cell, Kind } from './drawing'

/** 0.931 -> "93.1%". */
export const share = (value: number) => `${(100 * value).toFixed(1).replace(/\.0$/, '')}%`

export const value = (one: Share) => (one.n ? one.right / one.n : null)

/** "93.1% (88.6% to 95.8%)"; without its interval where the cases are so many that it says nothing more. */
export function withInterval(one: Share): string {
  if (!one.n) return 'not known'
  return `${share(one.right / one.n)} (${share(one.low)} to ${share(one.high)})`
}

/** Points of a percentage, without a sign. */
export const points = (difference: number) => (100 * Math.abs(difference)).toFixed(1)

/** The same with a minus where there is one: an end of an interval. */
export const apart = (difference: number) => (100 * difference).toFixed(1).replace('-', '−')

export const seconds = (one: number) => `${one.toFixed(1)} s`

/** How "field: class" is said: without the field where there is only one. */
export function ofFields(names: string[]): (name: string) => string {
  const fields = new Set(names.map((name) => name.split(': ')[0])).size
  return (name) =>
    name
      .split(': ')
      .slice(fields > 1 ? 0 : 1)
      .map(title)
      .join(': ')
}

/** A noun with its number: "1 example", "2,400 examples". */
export const many = (number: number, one: string, more = `${one}s`) => `${count(number)} ${number === 1 ? one : more}`

/** A cell as people read it. */
export function shown(cell: Cell, kind: Kind): string {
  if (cell === null || cell === '') return ''
  if (kind === 'text' || typeof cell === 'string') return kind === 'dollars' ? dollars(cell) : String(cell)
  if (kind === 'count') return count(cell)
  if (kind === 'share') return share(cell)
  if (kind === 'dollars') return dollars(cell)
  if (kind === 'seconds') return seconds(cell)
  return cell.toFixed(3)
}

/** How one sum stands to another: "67% less than", "12% more than", "as much as". */
export function against(sum: number, other: number): string {
  const apart = 1 - sum / other
  if (Math.abs(apart) < 0.005) return 'as much as'
  return apart > 0
    ? `${Math.round(100 * apart)}% less than`
    : sum / other >= 3
      ? `${Math.round(sum / other)} times as much as`
      : `${Math.round(-100 * apart)}% more than`
}
