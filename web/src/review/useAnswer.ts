import { useEffect, useMemo, useRef, useState } from 'react'
import type { FormField, Json, Label } from '../lib/api'
import { applies, complete, isEmpty, missing, same } from '../lib/form'
import { KINDS } from '../kinds'
import type { ReviewQueue, Shown } from './queue'

const KEEP_AFTER = 800

/** Where what is entered and answered goes: the queue of a reviewer, or a preview that keeps nothing. */
export type Receives = Pick<ReviewQueue, 'enter' | 'answer'>
type Filled = { turn: number; label: Label; active: string; isTouched: boolean }

/** The answer to the example that is shown, as far as it goes. */
export function useAnswer(queue: Receives, shown: Pick<Shown, 'work' | 'form' | 'entered'>) {
  const { work, form } = shown
  const turn = work.slot_id
  const [filled, setFilled] = useState<Filled>(() => begun(shown))
  let now = filled
  if (filled.turn !== turn) setFilled((now = begun(shown)))

  const label = useMemo(() => complete(form.fields, now.label), [form, now.label])
  const asked = form.fields.filter((field) => applies(form.fields, field, label))
  const lacking = missing(form.fields, label)

  const latest = useRef({ label, now })
  latest.current = { label, now }
  useEffect(() => {
    if (!now.isTouched) return
    const timer = setTimeout(() => queue.enter(latest.current.label, ''), KEEP_AFTER)
    return () => clearTimeout(timer)
  }, [queue, turn, label, now.isTouched])

  const set = (name: string, value: Json, active = name) =>
    setFilled((before) => ({ ...before, label: { ...before.label, [name]: value }, isTouched: true, active }))
  const activate = (name: string) => setFilled((before) => ({ ...before, active: name }))
  const submit = (given: Label = label) => {
    const open = missing(form.fields, given)
    if (open.length) return activate(open[0]!)
    queue.answer('submit', complete(form.fields, given))
  }
  /** Set a field and go on: to the next field, or with the only one to the next example. */
  const finish = (name: string, value: Json) => {
    const next = complete(form.fields, { ...now.label, [name]: value })
    if (form.fields.length === 1) return submit(next)
    setFilled({ turn, label: next, active: following(form.fields, next, name), isTouched: true })
  }
  const isDraft = work.draft !== null && same(label, complete(form.fields, work.draft))
  return { turn, label, asked, lacking, active: now.active, set, activate, submit, finish, isDraft }
}

export type Answer = ReturnType<typeof useAnswer>

function begun({ work, form, entered }: Pick<Shown, 'work' | 'form' | 'entered'>): Filled {
  const label: Label = {}
  for (const field of form.fields) {
    const value = entered?.[field.name] ?? work.draft?.[field.name]
    label[field.name] = value ?? (work.draft ? null : (KINDS[field.kind]?.initial ?? null))
  }
  const full = complete(form.fields, label)
  const active = missing(form.fields, full)[0] ?? form.fields[0]?.name ?? ''
  return { turn: work.slot_id, label: full, active, isTouched: false }
}

/** The next field that applies, rather one that lacks a value. */
function following(fields: FormField[], label: Label, name: string): string {
  const applying = fields.filter((field) => applies(fields, field, label)).map((field) => field.name)
  const later = applying.slice(applying.indexOf(name) + 1)
  return later.find((one) => isEmpty(label[one])) ?? later[0] ?? name
}
