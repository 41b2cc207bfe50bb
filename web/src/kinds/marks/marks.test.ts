import { expect, test } from 'vitest'
import { pieces, Ruler, snapped, tokenize, withSpan, type Span } from './marks'

const TEXT = '🤔 Ada Lovelace met 👩‍🔬 Babbage'

test('places in labels are code points: what is read is what is written', () => {
  const ruler = new Ruler(TEXT)
  const value = [
    { start: 2, end: 14, label: 'person' },
    { start: 23, end: 30, label: 'person' },
  ]
  const spans = ruler.spans(value)
  expect(spans.map((span) => ruler.cut(span))).toEqual(['Ada Lovelace', 'Babbage'])
  expect(ruler.spanValue(spans)).toEqual(value)
})

test('relations keep their places', () => {
  const ruler = new Ruler(TEXT)
  const value = [{ label: 'met', head: { start: 2, end: 14 }, tail: { start: 23, end: 30 } }]
  expect(ruler.relationValue(ruler.relations(value))).toEqual(value)
})

test('a selection grows to whole words', () => {
  const place = snapped(tokenize(TEXT), TEXT.indexOf('ove'), TEXT.indexOf('ove') + 1)!
  expect(TEXT.slice(place.start, place.end)).toBe('Lovelace')
  expect(snapped(tokenize('a  b'), 1, 2)).toBeNull()
})

const span = (start: number, end: number, label = 'x'): Span => ({ start, end, label })
const STRICT = { nested: false, overlapping: false }

test('a new span takes the place of those it may not overlap', () => {
  expect(withSpan([span(0, 4), span(5, 9)], span(3, 6), STRICT)).toEqual([span(3, 6)])
  expect(withSpan([span(0, 9)], span(3, 6), { ...STRICT, nested: true })).toHaveLength(2)
  expect(withSpan([span(0, 4)], span(3, 6), { ...STRICT, nested: true })).toEqual([span(3, 6)])
  expect(withSpan([span(0, 4)], span(0, 4, 'y'), { nested: true, overlapping: true })).toHaveLength(2)
  expect(withSpan([span(0, 4)], span(0, 4), { nested: true, overlapping: true })).toEqual([span(0, 4)])
})

test('pieces make up the text', () => {
  const found = pieces('abcdefghij', [span(1, 8), span(3, 5)])
  expect(found.map((piece) => 'abcdefghij'.slice(piece.start, piece.end)).join('')).toBe('abcdefghij')
  expect(found.find((piece) => piece.start === 3)!.spans.at(-1)).toEqual(span(3, 5))
})
