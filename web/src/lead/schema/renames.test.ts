import { expect, test } from 'vitest'
import type { FormField } from '../../lib/api'
import { fresh, gone, NOTHING_SAID, read, standing } from './renames'

const option = (value: string) => ({ value, name: value, description: '', examples: [], depth: 0, selectable: true })
const field = (name: string, kind = 'choice', options: string[] = [], optional = false): FormField => ({
  name,
  kind,
  description: '',
  rules: '',
  optional,
  applies: '',
  when: {},
  settings: {},
  options: options.map(option),
})
const OLD = [field('topic', 'choice', ['bill', 'parcel']), field('tags', 'choices', ['new', 'spam'])]
const NEW = [
  field('subject', 'choice', ['billing', 'parcel']),
  field('tags', 'choices', ['new']),
  field('angry', 'boolean'),
]

test('a field without its name is asked for, and its options once it is said what it is called now', () => {
  expect(gone(OLD, NEW, NOTHING_SAID)).toEqual([
    { field: 'topic', option: null, among: ['subject', 'angry'], mayBeLeftOut: false },
    { field: 'tags', option: 'spam', among: ['new'], mayBeLeftOut: true },
  ])
  const said = { ...NOTHING_SAID, fields: { topic: 'subject' } }
  expect(gone(OLD, NEW, said).map((one) => one.option)).toEqual([null, 'bill', 'spam'])
  expect(fresh(OLD, NEW, said).map((one) => one.name)).toEqual(['angry'])
})

test('a field that is gone where none is new is not asked for', () => {
  expect(gone(OLD, OLD.slice(1), NOTHING_SAID)).toEqual([])
})

test('what was said of names that were changed again is dropped', () => {
  const said = {
    fields: { topic: 'subject' },
    options: { topic: { bill: 'billing', parcel: 'x' }, tags: { spam: null } },
    defaults: { angry: false, gone: 1 },
  }
  expect(standing(OLD, NEW, said)).toEqual({
    fields: { topic: 'subject' },
    options: { topic: { bill: 'billing' }, tags: { spam: null } },
    defaults: { angry: false },
  })
  expect(standing(OLD, OLD, said)).toEqual(NOTHING_SAID)
})

test('a value is JSON, or else the text', () => {
  expect([read('3'), read('false'), read('red wine')]).toEqual([3, false, 'red wine'])
})
