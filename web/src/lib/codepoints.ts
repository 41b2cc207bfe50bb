/** The API counts code points, as Python does; JavaScript counts UTF-16 units, two for an emoji. */

/** For each UTF-16 offset of a text, from 0 to its length, the code points before it. */
export function toCodePoints(text: string): Uint32Array {
  const before = new Uint32Array(text.length + 1)
  let count = 0
  for (let at = 0; at < text.length; at++) {
    before[at] = count
    const unit = text.charCodeAt(at)
    const isFirstOfTwo = unit >= 0xd800 && unit < 0xdc00 && at + 1 < text.length
    if (!isFirstOfTwo) count++
  }
  before[text.length] = count
  return before
}

/** For each count of code points the UTF-16 offset behind them. */
export function toUnits(text: string): number[] {
  const offsets = [0]
  for (const point of text) offsets.push(offsets[offsets.length - 1]! + point.length)
  return offsets
}
