import { useMemo, useState } from 'react'
import type { FormField, Json } from '../../lib/api'
import type { FieldProps } from '../view'
import { inOrder, key, relationKey, Ruler, withSpan, type Place, type Relation, type Span } from './marks'

type Kept = {
  turn: number
  selected: string | null
  cursor: [number, number] | null
  linking: Place | null
  type: number
  past: Json[][]
}

const nothing = (turn: number): Kept => ({ turn, selected: null, cursor: null, linking: null, type: 0, past: [] })

/** Spans of a text and the relations between them: what there is, what is selected, and every act on them. */
export function useMarks(props: FieldProps) {
  const { field, fields, turn, label, content, setOther } = props
  const spanField = field.kind === 'spans' ? field : undefined
  const relationFields = fields.filter(
    (one) => one.kind === 'relations' && (spanField ? one.settings.between === spanField.name : one === field),
  )
  const text = String(content[String(field.settings.of ?? 'text')] ?? '')
  const ruler = useMemo(() => new Ruler(text), [text])
  const [kept, setKept] = useState<Kept>(() => nothing(turn))
  const now = kept.turn === turn ? kept : nothing(turn)
  const change = (over: Partial<Kept>) => setKept({ ...now, ...over })

  const given = spanField ? label[spanField.name] : null
  const spans = useMemo(() => ruler.spans(given).sort(inOrder), [ruler, given])
  const linked = relationFields.map((one) => label[one.name])
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the list is new at each turn, its values are not
  const relations = useMemo(() => linked.map((value) => ruler.relations(value)), [ruler, ...linked])
  const places = spanField ? spans : endsOf(relations.flat())
  const types = (one: FormField | undefined) =>
    one?.options.filter((option) => option.selectable).map((option) => option.value) ?? []
  const spanTypes = types(spanField)

  const write = (nextSpans: Span[], nextRelations: Relation[][], over: Partial<Kept>) => {
    const before = [given ?? null, ...linked]
    if (spanField) setOther(spanField.name, ruler.spanValue(nextSpans))
    relationFields.forEach((one, index) => setOther(one.name, ruler.relationValue(nextRelations[index] ?? [])))
    change({ past: [...now.past, before], ...over })
  }
  /** Relations hold on to places: where a span has moved they go with it, where it has gone they go. */
  const following = (from: Place, to: Place | null) =>
    relations.map((some) =>
      some.flatMap((relation) => {
        const moved = (place: Place) => (key(place) === key(from) ? to : place)
        const head = moved(relation.head),
          tail = moved(relation.tail)
        return head && tail ? [{ ...relation, head, tail }] : []
      }),
    )
  const stillJoined = (after: Span[]) =>
    relations.map((some) =>
      some.filter((one) => [one.head, one.tail].every((end) => after.some((span) => key(span) === key(end)))),
    )

  const selectedSpan = spans.find((span) => key(span) === now.selected)
  const add = (place: Place, type = now.type) => {
    const added = { start: place.start, end: place.end, label: spanTypes[type] ?? spanTypes[0]! }
    const after = withSpan(spans, added, spanField!.settings as { nested: boolean; overlapping: boolean })
    write(after, stillJoined(after), { selected: key(added), cursor: null, type })
  }
  const marked = (): Place | null => {
    if (!now.cursor) return null
    const [from, to] = [Math.min(...now.cursor), Math.max(...now.cursor)]
    return { start: ruler.tokens[from]!.start, end: ruler.tokens[to]!.end }
  }
  const setType = (type: number) => {
    const place = marked()
    if (place) return add(place, type)
    if (!selectedSpan) return change({ type })
    const after = spans.map((span) => (span === selectedSpan ? { ...span, label: spanTypes[type]! } : span))
    write(after, relations, { type })
  }
  const remove = () => {
    const at = relations.map((some) => some.findIndex((one) => relationKey(one) === now.selected))
    if (at.some((index) => index >= 0)) {
      return write(
        spans,
        relations.map((some, which) => some.filter((_, index) => index !== at[which])),
        { selected: null },
      )
    }
    if (!selectedSpan) return
    const next = spans[spans.indexOf(selectedSpan) + 1]
    write(
      spans.filter((span) => span !== selectedSpan),
      following(selectedSpan, null),
      { selected: next ? key(next) : null },
    )
  }
  /** Longer or shorter by a word, at its end or its beginning. */
  const resize = (by: number, isStart: boolean) => {
    if (!selectedSpan) return
    const at = ruler.tokens.findIndex((token) =>
      isStart ? token.start === selectedSpan.start : token.end === selectedSpan.end,
    )
    const token = ruler.tokens[at + by]
    if (at < 0 || !token) return
    const to = isStart ? { ...selectedSpan, start: token.start } : { ...selectedSpan, end: token.end }
    if (to.start >= to.end) return
    const others = withSpan(
      spans.filter((span) => span !== selectedSpan),
      to,
      spanField!.settings as { nested: boolean; overlapping: boolean },
    )
    write(others, following(selectedSpan, to), { selected: key(to) })
  }
  const relate = (tail: Place, which = 0, type = 0) => {
    const one = relationFields[which]
    if (!now.linking || !one || key(now.linking) === key(tail)) return
    const added: Relation = {
      label: types(one)[type] ?? types(one)[0]!,
      head: now.linking,
      tail: { start: tail.start, end: tail.end },
    }
    const known = relations[which] ?? []
    const after = known.some((relation) => relationKey(relation) === relationKey(added)) ? known : [...known, added]
    write(
      spans,
      relations.map((some, index) => (index === which ? after : some)),
      { linking: null, selected: relationKey(added) },
    )
  }
  const step = (by: number) => {
    const at = places.findIndex((place) => key(place) === now.selected)
    const next = places[(at + by + places.length) % places.length]
    change({ cursor: null, selected: next ? key(next) : null })
  }
  const move = (by: number, isExtending: boolean) => {
    const last = Math.max(0, Math.min(ruler.tokens.length - 1, (now.cursor?.[1] ?? -1) + by))
    change({ selected: null, cursor: isExtending && now.cursor ? [now.cursor[0], last] : [last, last] })
  }
  const undo = () => {
    const before = now.past.at(-1)
    if (!before) return
    if (spanField) setOther(spanField.name, before[0]!)
    relationFields.forEach((one, index) => setOther(one.name, before[index + 1]!))
    change({ past: now.past.slice(0, -1), selected: null })
  }
  const click = (place: Place) => (now.linking ? relate(place) : change({ selected: key(place), cursor: null }))
  return {
    text,
    ruler,
    spanField,
    relationFields,
    spans,
    relations,
    places,
    spanTypes,
    relationTypes: types(relationFields[0]),
    ...now,
    selectedSpan,
    marked: marked(),
    canLink: relationFields.length > 0,
    add,
    setType,
    remove,
    resize,
    relate,
    step,
    move,
    undo,
    click,
    select: (selected: string | null) => change({ selected, cursor: null }),
    link: () => {
      const from = places.find((place) => key(place) === now.selected)
      if (from) change({ linking: from })
    },
    letGo: () => change({ selected: null, cursor: null, linking: null }),
  }
}

export type Marks = ReturnType<typeof useMarks>

function endsOf(relations: Relation[]): Span[] {
  const found = new Map(
    relations.flatMap(({ head, tail }) => [head, tail]).map((place) => [key(place), { ...place, label: '' }]),
  )
  return [...found.values()].sort(inOrder)
}
