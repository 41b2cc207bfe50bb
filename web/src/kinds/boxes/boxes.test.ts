import { expect, test } from 'vitest'
import { dragged, fitted, nudged, read, write, type Box } from './boxes'

const SIZE = { width: 640, height: 480 }
const box = (x: number, y: number, width: number, height: number): Box => ({ x, y, width, height, label: 'cell' })

test('what is drawn to the pixel is in the label to the pixel', () => {
  for (const one of [box(1, 2, 3, 4), box(637, 477, 3, 3), box(0, 0, 640, 480), box(133, 77, 211, 19)]) {
    const [back] = read(write([one], SIZE), SIZE)
    for (const side of ['x', 'y', 'width', 'height'] as const) expect(back![side]).toBeCloseTo(one[side], 2)
  }
})

test('a box drawn to the left and up is the same as to the right and down', () => {
  expect(dragged(box(50, 50, 0, 0), 'new', -20, -10)).toEqual(box(30, 40, 20, 10))
})

test('an edge that is dragged over the other turns the box around', () => {
  expect(dragged(box(10, 10, 20, 20), 'e', -30, 0)).toEqual(box(0, 10, 10, 20))
  expect(dragged(box(10, 10, 20, 20), 'nw', 5, 5)).toEqual(box(15, 15, 15, 15))
  expect(dragged(box(10, 10, 20, 20), 'n', 0, -5)).toEqual(box(10, 5, 20, 25))
})

test('boxes stay within the image', () => {
  expect(fitted(box(-5, 470, 50, 50), SIZE)).toEqual(box(0, 470, 50, 10))
  expect(nudged(box(630, 0, 10, 10), 5, -5, SIZE)).toEqual(box(630, 0, 10, 10))
})
