/** A value as people read it: first_step -> First step. */
export function title(text: string): string {
  const plain = text.replaceAll('_', ' ')
  return plain.charAt(0).toUpperCase() + plain.slice(1)
}

export const percent = (share?: number) =>
  share === undefined ? '' : share > 0 && share < 0.01 ? '<1%' : `${Math.round(share * 100)}%`

const COUNT = new Intl.NumberFormat('en-US') // made once: that takes far longer than its use
export const count = (number: number) => COUNT.format(number)

/** Control characters, and those that turn the direction of what follows, are shown as one sign each: what they do is not done, and
 *  places in the text stay the same. */
const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g
export const shown = (text: string) =>
  text.replace(HIDDEN, (sign) => (sign < ' ' ? String.fromCharCode(0x2400 + sign.charCodeAt(0)) : '\ufffd'))
/** Dollars as the server has them: exact text. Small sums keep two digits that say something. */
export function dollars(sum: string | number | null | undefined): string {
  if (sum === null || sum === undefined) return 'none'
  const value = Number(sum)
  const digits = value === 0 || value >= 1 ? 2 : Math.min(6, 1 - Math.floor(Math.log10(value)))
  return `$${value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: Math.max(2, digits) })}`
}

/** 90 -> "2 min": as long as one would say it. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} days`
}

/** When something was, in the reader's own time. */
export const moment = (at: string) =>
  new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
