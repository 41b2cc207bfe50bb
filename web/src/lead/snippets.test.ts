import { describe, expect, it } from 'vitest'
import { BEGINNING, FIELD_KINDS, joined, slug, withField } from './snippets'

describe('adding a field', () => {
  it('goes after the last field and before what stands below', () => {
    expect(withField('fields:\n  a: [x, y]\nguidelines: Be kind.\n', 'boolean')).toBe(
      'fields:\n  a: [x, y]\n  urgent:\n    kind: boolean\n    description: Does it need an answer today?\nguidelines: Be kind.\n',
    )
  })
  it('gives each field a name of its own', () => {
    expect(withField(withField(BEGINNING, 'rating'), 'rating')).toMatch(/\n {2}quality:\n[^]*\n {2}quality_2:\n/)
  })
  it('brings spans for relations, or takes those that there are', () => {
    expect(withField('', 'relations')).toMatch(/entities:\n {4}kind: spans[^]*between: entities/)
    expect(withField('fields:\n  names:\n    kind: spans\n    options: [a]\n', 'relations')).toContain('between: names')
  })
  it('knows every kind', () => {
    for (const kind of FIELD_KINDS) expect(withField(BEGINNING, kind)).toContain(`kind: ${kind}`)
  })
})

describe('guidelines', () => {
  it('come last, as one line whatever they hold', () => {
    expect(joined('fields: {a: [x]}\n', 'One: "two"\nthree')).toBe(
      'fields: {a: [x]}\nguidelines: "One: \\"two\\"\\nthree"\n',
    )
  })
  it('are left out where the schema has its own', () => {
    expect(joined('guidelines: mine\nfields: {}', 'others')).toBe('guidelines: mine\nfields: {}')
  })
})

describe('names', () => {
  it.each([
    ['Support Tickets', 'support_tickets'],
    ['  Äpfel', 'pfel'],
    ['a.b_c', 'a.b_c'],
  ])('%s becomes %s', (typed, name) => expect(slug(typed)).toBe(name))
})
