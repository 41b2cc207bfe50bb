import { expect, test } from 'vitest'
import { chord } from './commands'

const key = (over: Partial<KeyboardEvent>) => ({
  key: '',
  code: '',
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...over,
})

test.each([
  ['Enter', { key: 'Enter', code: 'Enter' }],
  ['z', { key: 'z', code: 'KeyY' }], // QWERTZ: letters by what they print
  ['1', { key: '&', code: 'Digit1' }], // AZERTY: digits by their place
  ['Shift+1', { key: '!', code: 'Digit1', shiftKey: true }],
  ['/', { key: '/', code: 'Digit7', shiftKey: true }], // QWERTZ
  ['?', { key: '?', code: 'Slash', shiftKey: true }],
  ['Mod+Enter', { key: 'Enter', code: 'Enter', ctrlKey: true }],
  ['Shift+s', { key: 'S', code: 'KeyS', shiftKey: true }],
])('%s', (name, event) => expect(chord(key(event), false)).toBe(name))
