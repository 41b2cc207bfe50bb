import { expect, test } from 'vitest'
import type { FormField } from './api'
import { applies, complete, missing, same } from './form'

const field = (over: Partial<FormField>): FormField => ({
  name: 'x',
  kind: 'choice',
  description: '',
  rules: '',
  optional: false,
  applies: '',
  when: {},
  settings: {},
  options: [],
  ...over,
})
const toxic = field({ name: 'toxic', kind: 'boolean' })
const how = field({ name: 'how', when: { toxic: [true] } })

test('a field applies where the earlier one has the value', () => {
  expect(applies([toxic, how], how, { toxic: true })).toBe(true)
  expect(applies([toxic, how], how, { toxic: false })).toBe(false)
  expect(applies([toxic, how], how, { toxic: null })).toBe(false)
})

test('what does not apply is emptied, and is not missed', () => {
  expect(complete([toxic, how], { toxic: false, how: 'insult' })).toEqual({ toxic: false, how: null })
  expect(missing([toxic, how], { toxic: false })).toEqual([])
  expect(missing([toxic, how], { toxic: true })).toEqual(['how'])
})

test('a branch stands for all beneath it', () => {
  const animal = field({
    name: 'animal',
    options: [{ value: 'dog/poodle', name: 'poodle', depth: 1, description: '', examples: [], selectable: true }],
  })
  const breed = field({ name: 'breed', when: { animal: ['dog'] } })
  expect(applies([animal, breed], breed, { animal: 'dog/poodle' })).toBe(true)
  expect(applies([animal, breed], breed, { animal: 'dogfish' })).toBe(false)
})

test('labels are the same whatever the order of their keys', () => {
  expect(same({ a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 })).toBe(true)
  expect(same([1, 2], [2, 1])).toBe(false)
})
