import { boolean } from './boolean'
import { choice } from './choice'
import { choices } from './choices'
import { number } from './number'
import { preference } from './preference'
import { rating } from './rating'
import { text } from './text'
import type { KindView } from './view'

/** One view for each kind that a schema can have. */
export const KINDS: Record<string, KindView> = { boolean, choice, choices, number, preference, rating, text }
