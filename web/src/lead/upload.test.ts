import { describe, expect, it } from 'vitest'
import { formatOf } from './upload'

const FORMATS = [
  { name: 'jsonl', reads: true, endings: ['jsonl', 'ndjson'] },
  { name: 'csv', reads: true, endings: ['csv', 'tsv'] },
  { name: 'doccano', reads: true, endings: ['doccano.jsonl'] },
  { name: 'spacy', reads: false, endings: ['spacy'] },
]

describe('the format of a file', () => {
  it.each([
    ['a.JSONL', 'jsonl'],
    ['a.doccano.jsonl.gz', 'doccano'],
    ['a.tsv', 'csv'],
    ['a.spacy', 'jsonl'],
    ['notes', 'jsonl'],
  ])('%s is %s', (name, format) => {
    expect(formatOf(name, FORMATS)).toBe(format)
  })
})
