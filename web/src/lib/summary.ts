import { KINDS } from '../kinds'
import { Ruler } from '../kinds/marks/marks'
import type { FormField, Json, Label } from './api'
import { shown, title } from './words'

type Turn = { role: string; content: string }

/** What a field holds, in words: one for each span, relation or option, so that two answers can be set beside each other. */
export function inWords(value: Json, field: FormField, content: Record<string, Json>): string[] {
  return value === null || value === undefined ? [] : parts(value, field, content).map(shown)
}

function parts(value: Json, field: FormField, content: Record<string, Json>): string[] {
  try {
    if (field.kind === 'text')
      return Array.isArray(value) ? (value as Turn[]).map((turn) => `${turn.role}: ${turn.content}`) : [String(value)]
    if (field.kind === 'rating') return [String(value)]
    if (field.kind === 'choices') return (value as string[]).map(title)
    if (field.kind === 'spans') {
      const ruler = new Ruler(marked(field, content))
      return ruler.spans(value).map((span) => `${title(span.label)}: ${ruler.cut(span)}`)
    }
    if (field.kind === 'relations') {
      const ruler = new Ruler(marked(field, content))
      return ruler
        .relations(value)
        .map((one) => `${ruler.cut(one.head)} ${title(one.label).toLowerCase()} ${ruler.cut(one.tail)}`)
    }
    return [KINDS[field.kind]?.summary(value, field) ?? JSON.stringify(value)]
  } catch {
    return [JSON.stringify(value)] // of an earlier schema, under which the field was of another kind
  }
}

const marked = (field: FormField, content: Record<string, Json>) => String(content[String(field.settings.of)] ?? '')

/** What a label says, in a line: its values, with the names of its fields where there are several. */
export function summary(label: Label | null | undefined, fields: FormField[], content: Record<string, Json>): string {
  if (!label) return ''
  const parts = fields.flatMap((field) => {
    const said = inWords(label[field.name], field, content).join(', ')
    return said ? [fields.length > 1 ? `${title(field.name)}: ${said}` : said] : []
  })
  return parts.join(' · ')
}

/** A content in a line. */
export function inALine(content: Record<string, Json>): string {
  const parts = Object.values(content).filter((value) => value !== null)
  return shown(
    parts
      .map((value) => (typeof value === 'string' ? value : isNamed(value) ? value.name : JSON.stringify(value)))
      .join(' · ')
      .slice(0, 400),
  )
}

const isNamed = (value: Json): value is { name: string } =>
  typeof value === 'object' && value !== null && typeof (value as { name: unknown }).name === 'string'
