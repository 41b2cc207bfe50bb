/** A value as people read it: first_step -> First step. */
export function title(text: string): string {
  const plain = text.replaceAll('_', ' ')
  return plain.charAt(0).toUpperCase() + plain.slice(1)
}

export const percent = (share?: number) =>
  share === undefined ? '' : share > 0 && share < 0.01 ? '<1%' : `${Math.round(share * 100)}%`

export const count = (number: number) => number.toLocaleString('en-US')

/** Control characters, and those that turn the direction of what follows, are shown as one sign each: what they do is not done, and
 *  places in the text stay the same. */
const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g
export const shown = (text: string) =>
  text.replace(HIDDEN, (sign) => (sign < ' ' ? String.fromCharCode(0x2400 + sign.charCodeAt(0)) : '\ufffd'))
