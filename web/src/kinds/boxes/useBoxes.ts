import { useMemo, useState } from 'react'
import type { ImageContent } from '../../review/queue'
import type { FieldProps } from '../view'
import { dragged, fitted, nudged, read, write, type Box, type Handle } from './boxes'

type Drag = { handle: Handle; at: number; x: number; y: number; from: Box }
type Kept = {
  turn: number
  selected: number | null
  type: number
  zoom: number
  pan: { x: number; y: number }
  drag: Drag | null
  held: Box[] | null
  past: Box[][]
}

const nothing = (turn: number): Kept => ({
  turn,
  selected: null,
  type: 0,
  zoom: 1,
  pan: { x: 0, y: 0 },
  drag: null,
  held: null,
  past: [],
})
const MOST_ZOOM = 8,
  TOO_SMALL = 5

/** The boxes of an image: what there is, what is selected, and every act on them. A box that is being dragged is held until it is let go. */
export function useBoxes({ field, turn, value, content, set }: FieldProps) {
  const image = content[String(field.settings.of)] as ImageContent
  const [kept, setKept] = useState<Kept>(() => nothing(turn))
  const now = kept.turn === turn ? kept : nothing(turn)
  const change = (over: Partial<Kept>) => setKept({ ...now, ...over })
  const stored = useMemo(() => read(value, image), [value, image])
  const boxes = now.held ?? stored
  const types = field.options.filter((option) => option.selectable).map((option) => option.value)
  const view = { width: image.width / now.zoom, height: image.height / now.zoom }

  const keep = (next: Box[], over: Partial<Kept> = {}) => {
    set(write(next, image))
    change({ past: [...now.past, stored], held: null, ...over })
  }
  const replace = (at: number, box: Box) => boxes.map((one, index) => (index === at ? box : one))

  const take = (handle: Handle, at: number, x: number, y: number) => {
    if (handle !== 'new') return change({ selected: at, drag: { handle, at, x, y, from: boxes[at]! } })
    const from = { x, y, width: 0, height: 0, label: types[now.type]! }
    change({ selected: boxes.length, held: [...boxes, from], drag: { handle, at: boxes.length, x, y, from } })
  }
  const drag = (x: number, y: number) => {
    if (!now.drag) return
    const { handle, at, from } = now.drag
    const moved = dragged(from, handle, x - now.drag.x, y - now.drag.y)
    change({ held: replace(at, handle === 'move' ? nudged(from, x - now.drag.x, y - now.drag.y, image) : moved) })
  }
  const drop = () => {
    if (!now.drag) return
    const { handle, at, from } = now.drag,
      box = boxes[at]!
    const isNothing =
      handle === 'new'
        ? box.width < TOO_SMALL || box.height < TOO_SMALL
        : box.x === from.x && box.y === from.y && box.width === from.width && box.height === from.height
    if (isNothing) return change({ drag: null, held: null, selected: handle === 'new' ? null : at })
    keep(replace(at, fitted(box, image)), { drag: null, selected: at })
  }
  const setType = (type: number) => {
    const box = now.selected === null ? undefined : boxes[now.selected]
    if (!box) return change({ type })
    keep(replace(now.selected!, { ...box, label: types[type]! }), { type })
  }
  const remove = () => {
    if (now.selected === null) return
    keep(
      boxes.filter((_, index) => index !== now.selected),
      { selected: null },
    )
  }
  const nudge = (dx: number, dy: number, isSize: boolean) => {
    const box = now.selected === null ? undefined : boxes[now.selected]
    if (!box) return
    keep(
      replace(
        now.selected!,
        isSize ? fitted({ ...box, width: box.width + dx, height: box.height + dy }, image) : nudged(box, dx, dy, image),
      ),
    )
  }
  /** A box in the middle of what is seen: how one is made by keyboard. */
  const insert = () => {
    const side = Math.min(view.width, view.height) / 4
    const box = {
      x: now.pan.x + (view.width - side) / 2,
      y: now.pan.y + (view.height - side) / 2,
      width: side,
      height: side,
      label: types[now.type]!,
    }
    keep([...boxes, fitted(box, image)], { selected: boxes.length })
  }
  const step = (by: number) =>
    boxes.length && change({ selected: ((now.selected ?? (by > 0 ? -1 : 0)) + by + boxes.length) % boxes.length })
  const undo = () => {
    const before = now.past.at(-1)
    if (!before) return
    set(write(before, image))
    change({ past: now.past.slice(0, -1), held: null, selected: null })
  }
  /** By a factor, around a point that stays where it is. */
  const zoomBy = (by: number, at = { x: now.pan.x + view.width / 2, y: now.pan.y + view.height / 2 }) => {
    const zoom = Math.max(1, Math.min(MOST_ZOOM, now.zoom * by))
    const width = image.width / zoom,
      height = image.height / zoom
    const within = (value: number, most: number) => Math.max(0, Math.min(most, value))
    const x = within(at.x - ((at.x - now.pan.x) / view.width) * width, image.width - width)
    const y = within(at.y - ((at.y - now.pan.y) / view.height) * height, image.height - height)
    change({ zoom, pan: { x, y } })
  }
  return {
    image,
    boxes,
    types,
    view,
    ...now,
    isChanged: now.past.length > 0,
    take,
    drag,
    drop,
    setType,
    remove,
    nudge,
    insert,
    step,
    undo,
    zoomBy,
    fit: () => change({ zoom: 1, pan: { x: 0, y: 0 } }),
    select: (selected: number | null) => change({ selected }),
  }
}

export type Boxes = ReturnType<typeof useBoxes>
