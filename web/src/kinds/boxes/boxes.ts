import type { Json } from '../../lib/api'

/** In pixels of the upright image; in labels, in fractions of it. */
export type Box = { x: number; y: number; width: number; height: number; label: string }
export type Size = { width: number; height: number }
export type Handle = 'new' | 'move' | 'n' | 'ne' | 'e' | 'se' | 's' | 'sw' | 'w' | 'nw'

export const SMALLEST = 3
const DIGITS = 1e6

export const read = (value: Json, size: Size): Box[] =>
  (Array.isArray(value) ? (value as Box[]) : []).map(({ x, y, width, height, label }) => ({
    x: x * size.width,
    y: y * size.height,
    width: width * size.width,
    height: height * size.height,
    label,
  }))

const fraction = (part: number, whole: number) => Math.round((part / whole) * DIGITS) / DIGITS

export const write = (boxes: Box[], size: Size): Json =>
  boxes.map(({ x, y, width, height, label }) => ({
    x: fraction(x, size.width),
    y: fraction(y, size.height),
    width: fraction(width, size.width),
    height: fraction(height, size.height),
    label,
  }))

/** Whole pixels, within the image, and not smaller than can be seen. */
export function fitted(box: Box, size: Size): Box {
  const x = Math.round(Math.max(0, Math.min(box.x, size.width - SMALLEST)))
  const y = Math.round(Math.max(0, Math.min(box.y, size.height - SMALLEST)))
  const width = Math.round(Math.max(SMALLEST, Math.min(box.width, size.width - x)))
  const height = Math.round(Math.max(SMALLEST, Math.min(box.height, size.height - y)))
  return { ...box, x, y, width, height }
}

/** The box after its handle was dragged so far from where it was taken. */
export function dragged(box: Box, handle: Handle, dx: number, dy: number): Box {
  if (handle === 'move') return { ...box, x: box.x + dx, y: box.y + dy }
  const edges = { left: box.x, top: box.y, right: box.x + box.width, bottom: box.y + box.height }
  if (handle === 'new' || handle.endsWith('e')) edges.right += dx
  if (handle === 'new' || handle.startsWith('s')) edges.bottom += dy
  if (handle !== 'new' && handle.endsWith('w')) edges.left += dx
  if (handle !== 'new' && handle.startsWith('n')) edges.top += dy
  const [left, right] = [Math.min(edges.left, edges.right), Math.max(edges.left, edges.right)]
  const [top, bottom] = [Math.min(edges.top, edges.bottom), Math.max(edges.top, edges.bottom)]
  return { ...box, x: left, y: top, width: right - left, height: bottom - top }
}

/** Moved within the image, keeping its size. */
export function nudged(box: Box, dx: number, dy: number, size: Size): Box {
  const x = Math.max(0, Math.min(size.width - box.width, box.x + dx)),
    y = Math.max(0, Math.min(size.height - box.height, box.y + dy))
  return { ...box, x, y }
}
