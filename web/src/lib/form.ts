import type { FormField, Json, Label } from './api'

/** Whether a field can have a value in a label, by those of earlier fields. */
export function applies(fields: FormField[], field: FormField, label: Label): boolean {
  return Object.entries(field.when).every(([other, wanted]) => {
    const value = label[other]
    if (value === null || value === undefined) return false
    const isHierarchy = fields.find((one) => one.name === other)?.options.some((option) => option.depth > 0)
    return (Array.isArray(value) ? value : [value]).some((one) =>
      wanted.some((want) => one === want || (isHierarchy && String(one).startsWith(`${want}/`))),
    )
  })
}

/** The label with a value for every field, none where a field does not apply. */
export function complete(fields: FormField[], label: Label): Label {
  const found: Label = {}
  for (const field of fields) found[field.name] = applies(fields, field, found) ? (label[field.name] ?? null) : null
  return found
}

/** Names of fields that still need a value. */
export function missing(fields: FormField[], label: Label): string[] {
  const found = complete(fields, label)
  return fields
    .filter((field) => applies(fields, field, found) && !field.optional && isEmpty(found[field.name]))
    .map((field) => field.name)
}

export const isEmpty = (value: Json) => value === null || value === undefined || value === ''

/** Whether two values are the same as JSON, whatever the order of keys. */
export const same = (a: Json, b: Json): boolean => canonical(a) === canonical(b)

function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value && typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`
  }
  return JSON.stringify(value ?? null)
}
