import type { Json } from '../../lib/api'
import { toCodePoints, toUnits } from '../../lib/codepoints'

/** Places on the page are in UTF-16 units, as the browser counts; in labels they are in code points. */
export type Place = { start: number; end: number }
export type Span = Place & { label: string }
export type Relation = { label: string; head: Place; tail: Place }
export type Token = Place

export const key = (place: Place) => `${place.start}-${place.end}`
export const spanKey = (span: Span) => `${key(span)}-${span.label}`
export const relationKey = (relation: Relation) => `${key(relation.head)}>${key(relation.tail)}-${relation.label}`

/** A text with its places translated both ways. */
export class Ruler {
  private readonly points: Uint32Array
  private readonly units: number[]
  readonly tokens: Token[]

  constructor(readonly text: string) {
    this.points = toCodePoints(text)
    this.units = toUnits(text)
    this.tokens = tokenize(text)
  }

  spans(value: Json): Span[] {
    return list<Span>(value).map((span) => ({ ...this.in(span), label: span.label }))
  }
  relations(value: Json): Relation[] {
    return list<Relation>(value).map(({ label, head, tail }) => ({ label, head: this.in(head), tail: this.in(tail) }))
  }
  spanValue(spans: Span[]): Json {
    return [...spans].sort(inOrder).map((span) => ({ ...this.out(span), label: span.label }))
  }
  relationValue(relations: Relation[]): Json {
    return relations.map(({ label, head, tail }) => ({ label, head: this.out(head), tail: this.out(tail) }))
  }
  cut(place: Place): string {
    return this.text.slice(place.start, place.end)
  }

  private in({ start, end }: Place): Place {
    return { start: this.units[start] ?? this.text.length, end: this.units[end] ?? this.text.length }
  }
  private out({ start, end }: Place): Place {
    return { start: this.points[start] ?? 0, end: this.points[end] ?? 0 }
  }
}

const list = <T>(value: Json): T[] => (Array.isArray(value) ? (value as T[]) : [])
export const inOrder = (a: Span, b: Span) => a.start - b.start || a.end - b.end || (a.label < b.label ? -1 : 1)

/** Words with what belongs to them, and each other sign by itself. */
export function tokenize(text: string): Token[] {
  const words =
    /[\p{L}\p{N}\p{M}]+(?:[’'\-._@][\p{L}\p{N}\p{M}]+)*|\p{Extended_Pictographic}[\p{M}\u200d\p{Extended_Pictographic}\p{Emoji_Modifier}]*|[^\s\p{L}\p{N}]/gu
  return [...text.matchAll(words)].map((match) => ({ start: match.index, end: match.index + match[0].length }))
}

/** What was selected, widened to whole tokens; null where there is none. */
export function snapped(tokens: Token[], start: number, end: number): Place | null {
  const hit = tokens.filter((token) => token.start < end && token.end > start)
  return hit.length ? { start: hit[0]!.start, end: hit.at(-1)!.end } : null
}

/** The spans with one more; those that may not stand beside it make room. */
export function withSpan(spans: Span[], added: Span, settings: { nested: boolean; overlapping: boolean }): Span[] {
  const mayStay = (span: Span) => {
    if (key(span) === key(added)) return settings.overlapping && span.label !== added.label
    const isApart = span.end <= added.start || span.start >= added.end
    const isNested =
      (span.start <= added.start && span.end >= added.end) || (span.start >= added.start && span.end <= added.end)
    return isApart || settings.overlapping || (isNested && settings.nested)
  }
  return [...spans.filter(mayStay), added].sort(inOrder)
}

/** The text cut at every border, so that spans over each other can be drawn as layers; the shortest span of a piece is its last. */
export function pieces(text: string, spans: Span[], alsoAt: number[] = []): (Place & { spans: Span[] })[] {
  const cuts = [...new Set([0, text.length, ...alsoAt, ...spans.flatMap((span) => [span.start, span.end])])].sort(
    (a, b) => a - b,
  )
  return cuts.slice(0, -1).map((start, index) => {
    const end = cuts[index + 1]!
    const over = spans.filter((span) => span.start <= start && span.end >= end)
    return { start, end, spans: over.sort((a, b) => b.end - b.start - (a.end - a.start)) }
  })
}
