/** A value as people read it: first_step -> First step. */
export function title(text: string): string {
  const plain = text.replaceAll('_', ' ')
  return plain.charAt(0).toUpperCase() + plain.slice(1)
}

export const percent = (share?: number) =>
  share === undefined ? '' : share > 0 && share < 0.01 ? '<1%' : `${Math.round(share * 100)}%`

export const count = (number: number) => number.toLocaleString('en-US')
