import type { FormField } from '../lib/api'

/** What is looked for, as the address of the page has it: it outlives a reload and can be sent to others. */
export type Asked = {
  run: number
  place: string
  reason: string
  text: string
  label: string // field=value
  from: string // confidence in percent
  to: string
  reviewer: string
  where: string
  corrected: boolean
  disagreed: boolean
  open: string // the example whose history is shown
}

/** What the API takes. */
export type Wanted = {
  place: string
  reason: string
  text: string
  where: string
  corrected: boolean
  disagreed: boolean
}

const WORDS = ['place', 'reason', 'text', 'label', 'from', 'to', 'reviewer', 'where', 'open'] as const
const MARKS = ['corrected', 'disagreed'] as const

export function read(query: string): Asked {
  const given = new URLSearchParams(query)
  const asked = { run: Number(given.get('run')) || 0 } as Asked
  for (const name of WORDS) asked[name] = given.get(name) ?? ''
  for (const name of MARKS) asked[name] = given.get(name) === 'yes'
  return asked
}

export function write(asked: Asked): string {
  const said = new URLSearchParams()
  if (asked.run) said.set('run', String(asked.run))
  for (const name of WORDS) if (asked[name]) said.set(name, asked[name])
  for (const name of MARKS) if (asked[name]) said.set(name, 'yes')
  return said.toString()
}

/** The filters alone are as they were before anything was asked for. */
export const isUnfiltered = (asked: Asked) => write({ ...asked, run: 0, open: '' }) === ''

/** How many filters are set beside the text that is looked for. */
export const countOf = (asked: Asked) =>
  [...WORDS, ...MARKS].filter((name) => name !== 'text' && name !== 'open' && asked[name]).length

/** Fields whose values an expression can compare, with what a filter offers of each. */
export function comparable(fields: FormField[]): { field: FormField; values: string[] }[] {
  return fields.flatMap((field) => {
    if (field.kind === 'choice')
      return [{ field, values: field.options.filter((one) => one.selectable).map((one) => one.value) }]
    if (field.kind === 'boolean') return [{ field, values: ['1', '0'] }]
    if (field.kind === 'rating') {
      const { min = 1, max = 5 } = field.settings as { min?: number; max?: number }
      return [{ field, values: Array.from({ length: max - min + 1 }, (_, at) => String(min + at)) }]
    }
    return []
  })
}

/** The search as the API takes it: what it has no word for is said as an expression. */
export function wanted(asked: Asked, fields: FormField[]): Wanted {
  const [name = '', ...rest] = asked.label.split('=')
  const value = rest.join('=')
  const isNumber = fields.find((field) => field.name === name)?.kind !== 'choice'
  const parts = [
    asked.label && `${name} == ${isNumber ? Number(value) : JSON.stringify(value)}`,
    asked.from && `confidence >= ${share(asked.from)}`,
    asked.to && `confidence <= ${share(asked.to)}`,
    asked.reviewer && `reviewer == ${JSON.stringify(asked.reviewer)}`,
    asked.where && `(${asked.where})`,
  ]
  const { place, reason, text, corrected, disagreed } = asked
  return { place, reason, text, corrected, disagreed, where: parts.filter(Boolean).join(' and ') }
}

const share = (percent: string) => Math.min(1, Math.max(0, (Number(percent) || 0) / 100))
