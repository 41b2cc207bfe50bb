import { describe, expect, it } from 'vitest'
import { dollars, duration } from './words'

describe('money', () => {
  it.each([
    ['0', '$0.00'],
    ['1234.5', '$1,234.50'],
    ['0.0129', '$0.013'],
    ['0.00000412', '$0.000004'],
    [null, 'none'],
  ])('says %s as %s', (sum, said) => {
    expect(dollars(sum)).toBe(said)
  })
})

describe('time', () => {
  it.each([
    [0.2, '1 s'],
    [59, '59 s'],
    [90, '2 min'],
    [5400, '2 h'],
    [200_000, '2 days'],
  ])('says %s seconds as %s', (seconds, said) => {
    expect(duration(seconds)).toBe(said)
  })
})
