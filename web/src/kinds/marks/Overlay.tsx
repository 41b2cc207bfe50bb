import { useLayoutEffect, useRef, useState } from 'react'
import { key, relationKey, type Relation } from './marks'

export type Tag = { place: string; text: string; color: string }
type Spot = { x: number; y: number }
type Rect = { x: number; width: number; row: number }
/** A part of an arc on one line of text; an arc that changes line leaves at one edge and comes back at the other, as in brat. */
type Part = {
  id: string
  x1: number
  x2: number
  row: number
  lift: number
  isStart: boolean
  isEnd: boolean
  hasName: boolean
}

const LIFT = 11

type Props = {
  tags: Tag[]
  relations: Relation[]
  drafted: Set<string>
  selected: string | null // the key of a place or of a relation
  colorOf: (label: string) => string
}

/** Names of spans and arcs of relations, drawn over the text from where its spans really lie; so the text itself stays plain. */
export function Overlay({ tags, relations, drafted, selected, colorOf }: Props) {
  const [drawn, setDrawn] = useState<{ spots: Record<string, Spot>; parts: Part[]; tops: number[] }>({
    spots: {},
    parts: [],
    tops: [],
  })
  const what = `${tags.map((tag) => tag.place + tag.text).join()}|${relations.map(relationKey).join()}`
  const svg = useRef<SVGSVGElement>(null)
  useLayoutEffect(() => {
    const element = svg.current?.parentElement // the text itself: its own reference is not set yet when this runs first
    if (!element) return
    const draw = () => setDrawn(measured(element, relations))
    draw()
    const frame = requestAnimationFrame(draw)
    const observer = new ResizeObserver(draw)
    observer.observe(element)
    void document.fonts?.ready.then(draw)
    return () => {
      observer.disconnect()
      cancelAnimationFrame(frame)
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `what` stands for the relations, which are new at each turn
  }, [what])
  const byKey = new Map(relations.map((relation) => [relationKey(relation), relation]))
  return (
    <svg ref={svg} className="arcs" aria-hidden="true">
      {tags.map((tag, index) => {
        const spot = drawn.spots[tag.place]
        return (
          spot && (
            <text key={index} className="tagl" x={spot.x} y={spot.y} style={{ fill: tag.color }}>
              {tag.text}
            </text>
          )
        )
      })}
      {drawn.parts.map((part, index) => {
        const relation = byKey.get(part.id)
        if (!relation) return null
        const isHot = selected !== null && [key(relation.head), key(relation.tail), part.id].includes(selected)
        return (
          <g key={index} className={isHot ? 'hot' : selected ? 'dim' : ''}>
            <path
              d={path(part, drawn.tops[part.row] ?? 0)}
              className={drafted.has(part.id) ? 'dr' : ''}
              style={{ stroke: colorOf(relation.label) }}
            />
            {part.hasName && <Name part={part} top={drawn.tops[part.row] ?? 0} text={relation.label} />}
          </g>
        )
      })}
    </svg>
  )
}

function Name({ part, top, text }: { part: Part; top: number; text: string }) {
  const width = text.length * 5.8 + 10,
    x = (part.x1 + part.x2) / 2,
    y = top - 2 - part.lift
  return (
    <>
      <rect x={x - width / 2} y={y - 7} width={width} height={14} rx={4} />
      <text x={x} y={y + 3.6}>
        {text}
      </text>
    </>
  )
}

function path({ x1, x2, lift, isStart, isEnd }: Part, top: number): string {
  const foot = top - 2,
    y = foot - lift,
    way = Math.sign(x2 - x1) || 1,
    bend = Math.min(7, Math.abs(x2 - x1) / 2)
  const from = isStart ? `M${x1} ${foot} V${y + bend} Q${x1} ${y} ${x1 + way * bend} ${y}` : `M${x1} ${y}`
  const over = ` H${isEnd ? x2 - way * bend : x2}`
  const tip = ` Q${x2} ${y} ${x2} ${y + bend} V${foot - 1} M${x2 - 3.2} ${foot - 5.5} L${x2} ${foot - 0.5} L${x2 + 3.2} ${foot - 5.5}`
  return from + over + (isEnd ? tip : '')
}

function measured(element: HTMLElement, relations: Relation[]) {
  const origin = element.getBoundingClientRect(),
    style = getComputedStyle(element)
  const left = parseFloat(style.paddingLeft) - 22,
    right = origin.width - parseFloat(style.paddingRight) + 22
  const spots: Record<string, Spot> = {},
    rects: Record<string, Rect> = {},
    rows: number[] = []
  for (const mark of element.querySelectorAll<HTMLElement>('[data-place]')) {
    const line = [...mark.getClientRects()].find((one) => one.width > 1)
    for (const place of line ? mark.dataset.place!.split(' ') : []) {
      if (rects[place] || !line) continue
      const y = line.top - origin.top
      let row = rows.findIndex((top) => Math.abs(top - y) < 12)
      if (row < 0) row = rows.push(y) - 1
      spots[place] = { x: line.left - origin.left + 1, y: line.bottom - origin.top + 11 }
      rects[place] = { x: line.left - origin.left, width: line.width, row }
    }
  }
  const order = rows
    .map((y, index) => [y, index] as const)
    .sort((a, b) => a[0] - b[0])
    .map(([, index]) => index)
  const parts = lifted(arcs(relations, rects, (row) => order.indexOf(row), left, right))
  const levels = parts.length ? (Math.max(...parts.map((part) => part.lift)) - LIFT) / 16 + 1 : 0
  element.style.setProperty('--levels', String(levels))
  return { spots, parts, tops: order.map((index) => rows[index]!) }
}

/** Ends that go left leave a span on its left, ends that go right on its right. */
function arcs(
  relations: Relation[],
  rects: Record<string, Rect>,
  rank: (row: number) => number,
  left: number,
  right: number,
): Part[] {
  const plans = relations.flatMap((relation) => {
    const a = rects[key(relation.head)],
      b = rects[key(relation.tail)]
    if (!a || !b) return []
    const from = rank(a.row),
      to = rank(b.row)
    const way = from === to ? Math.sign(b.x - a.x) : from < to ? 1 : -1
    return [{ relation, from, to, way }]
  })
  const ends = plans.flatMap((plan, index) => [
    { name: `${index}a`, place: key(plan.relation.head), way: plan.way },
    { name: `${index}b`, place: key(plan.relation.tail), way: -plan.way },
  ])
  const ports: Record<string, number> = {}
  for (const place of new Set(ends.map((end) => end.place))) {
    const rect = rects[place]!,
      mine = ends.filter((end) => end.place === place).sort((a, b) => a.way - b.way)
    const gap = Math.min(12, Math.max(5, (rect.width - 14) / Math.max(1, mine.length - 1)))
    mine.forEach((end, index) => {
      ports[end.name] = rect.x + rect.width / 2 + (index - (mine.length - 1) / 2) * gap
    })
  }
  return plans.flatMap(({ relation, from, to }, index): Part[] => {
    const id = relationKey(relation),
      a = ports[`${index}a`]!,
      b = ports[`${index}b`]!
    if (from === to) return [{ id, x1: a, x2: b, row: from, lift: LIFT, isStart: true, isEnd: true, hasName: true }]
    const out = from < to ? right : left,
      back = from < to ? left : right,
      isFirstWide = Math.abs(out - a) > Math.abs(back - b)
    return [
      { id, x1: a, x2: out, row: from, lift: LIFT, isStart: true, isEnd: false, hasName: isFirstWide },
      { id, x1: back, x2: b, row: to, lift: LIFT, isStart: false, isEnd: true, hasName: !isFirstWide },
    ]
  })
}

/** Short arcs lie low; longer ones go over those that they would cross. */
function lifted(parts: Part[]): Part[] {
  const low = (part: Part) => Math.min(part.x1, part.x2),
    high = (part: Part) => Math.max(part.x1, part.x2)
  const placed: Part[] = []
  const hits = (a: Part, b: Part) =>
    a.row === b.row &&
    Math.abs(a.lift - b.lift) < (a.hasName || b.hasName ? 15 : 8) &&
    low(a) < high(b) + 3 &&
    low(b) < high(a) + 3
  for (const part of [...parts].sort((a, b) => high(a) - low(a) - (high(b) - low(b)))) {
    while (placed.some((other) => hits(other, part))) part.lift += 1
    placed.push(part)
  }
  return parts
}
