import { boolean } from './boolean'
import { boxes } from './boxes'
import { choice } from './choice'
import { choices } from './choices'
import { number } from './number'
import { preference } from './preference'
import { rating } from './rating'
import { relations } from './relations'
import { spans } from './spans'
import { text } from './text'
import type { KindView } from './view'

/** One view for each kind that a schema can have. */
export const KINDS: Record<string, KindView> = {
  boolean,
  boxes,
  choice,
  choices,
  number,
  preference,
  rating,
  relations,
  spans,
  text,
}
