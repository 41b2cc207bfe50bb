import { dollars } from '../lib/words'
import type { Comparison } from './drawing'
import { apart as signed, points } from './words'

type Compared = Pick<Comparison, 'first' | 'second' | 'difference' | 'cost'>

/** Which of two is right more often and which costs less, and how sure that is: the second one stands first, as the newer one. */
export function verdict(found: Compared): string {
  const { difference: apart, cost } = found
  if (!apart.n) return `${upper(found.first)} and ${found.second} have no example in common whose label is known`
  const [better, worse] = apart.difference! > 0 ? [found.first, found.second] : [found.second, found.first]
  const [low, high] = apart.difference! > 0 ? [apart.low, apart.high] : [-apart.high, -apart.low]
  const isSure = low > 0
  const right = isSure
    ? `${better} is right ${points(apart.difference!)} points more often than ${worse} (${points(low)} to ${points(high)})`
    : `${found.second} and ${found.first} cannot be told apart: ${points(apart.difference!)} points of difference (${signed(low)} to ${signed(high)})`
  return `${upper(right)}${price(found, cost, isSure ? better : found.second)}`
}

function price(found: Compared, cost: Comparison['cost'], whose: string): string {
  if (cost.difference === null) return ''
  const apart = Number(cost.difference) * (whose === found.first ? 1 : -1)
  if (apart === 0) return ', and costs the same per example'
  const name = whose === found.first ? found.first : found.second
  return `, and ${name} costs ${dollars(Math.abs(apart))} ${apart < 0 ? 'less' : 'more'} per example`
}

const upper = (name: string) => (name.startsWith('run ') ? `R${name.slice(1)}` : name)
