import type { FormField, Json } from '../../lib/api'

/** Where names of an old schema went in a new one, as the server takes it; an option that became null is left out of lists. */
export type Mapping = {
  fields: Record<string, string>
  options: Record<string, Record<string, string | null>>
  defaults: Record<string, Json>
}
/** A name that the new schema has not: of a field, or of an option of one, and what it may be called now. */
export type Gone = { field: string; option: string | null; among: string[]; mayBeLeftOut: boolean }

export const NOTHING_SAID: Mapping = { fields: {}, options: {}, defaults: {} }
const LISTS = ['choices', 'spans', 'relations', 'boxes']

/** Fields and options that are gone, in the order of the old schema; of a field that has another name now, its options too. */
export function gone(before: FormField[], after: FormField[], said: Mapping): Gone[] {
  const fresh = after.filter((field) => !named(before, field.name)).map((field) => field.name)
  return before.flatMap((field) => {
    const whole: Gone[] =
      named(after, field.name) || !fresh.length
        ? []
        : [{ field: field.name, option: null, among: fresh, mayBeLeftOut: false }]
    const target = became(field.name, after, said)
    if (!target?.options.length) return whole
    const among = values(target)
    const options = values(field).filter((value) => !among.includes(value))
    return [
      ...whole,
      ...options.map((option) => ({ field: field.name, option, among, mayBeLeftOut: LISTS.includes(target.kind) })),
    ]
  })
}

/** Fields that labels have no value of so far, and need one. */
export function fresh(before: FormField[], after: FormField[], said: Mapping): FormField[] {
  const taken = before.flatMap((field) => became(field.name, after, said)?.name ?? [])
  return after.filter((field) => !field.optional && !taken.includes(field.name))
}

/** What of all that was said still speaks of these two schemas: a name may have been changed again since. */
export function standing(before: FormField[], after: FormField[], said: Mapping): Mapping {
  const found: Mapping = { fields: {}, options: {}, defaults: {} }
  for (const { field, option, among, mayBeLeftOut } of gone(before, after, said)) {
    const now = option === null ? said.fields[field] : said.options[field]?.[option]
    if (now === undefined || (now === null ? !mayBeLeftOut : !among.includes(now))) continue
    if (option === null) found.fields[field] = now as string
    else found.options[field] = { ...found.options[field], [option]: now }
  }
  for (const { name } of fresh(before, after, said))
    if (name in said.defaults) found.defaults[name] = said.defaults[name]
  return found
}

/** A value as it is typed: JSON, or else the text itself. */
export function read(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const named = (fields: FormField[], name: string | undefined) => fields.find((field) => field.name === name)
const became = (name: string, after: FormField[], said: Mapping) =>
  named(after, name) ?? named(after, said.fields[name])
export const values = (field: FormField) =>
  field.options.filter((option) => option.selectable).map((option) => option.value)
