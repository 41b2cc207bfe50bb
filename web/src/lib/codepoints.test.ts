import { expect, test } from 'vitest'
import { toCodePoints, toUnits } from './codepoints'

test('places count code points, as the API does', () => {
  const text = 'a🤔b👩‍🔬c'
  const points = toCodePoints(text),
    units = toUnits(text)
  expect(points[text.indexOf('b')]).toBe(2)
  expect(text.slice(units[1]!, units[2]!)).toBe('🤔')
  expect(units).toHaveLength([...text].length + 1)
  for (const [count, at] of units.entries()) expect(points[at]).toBe(count)
})

test('half of a surrogate pair counts as one', () => {
  expect(toCodePoints('\ud83d')[1]).toBe(1)
})
