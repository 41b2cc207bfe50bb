import { useComputedColorScheme } from '@mantine/core'
import { IconMinus, IconPlus, IconZoomReset } from '@tabler/icons-react'
import { useEffect, useRef, type CSSProperties, type PointerEvent } from 'react'
import { hue } from '../../lib/colors'
import { Kbd, useCommands } from '../../lib/commands'
import { same } from '../../lib/form'
import { imageUrl, isImage } from '../../review/queue'
import type { FieldProps } from '../view'
import { write, type Box, type Handle } from './boxes'
import { useBoxes, type Boxes } from './useBoxes'

const HANDLES: [Handle, number, number][] = [
  ['nw', 0, 0],
  ['n', 0.5, 0],
  ['ne', 1, 0],
  ['e', 1, 0.5],
  ['se', 1, 1],
  ['s', 0.5, 1],
  ['sw', 0, 1],
  ['w', 0, 0.5],
]

/** The image with its boxes, drawn and edited by mouse, by touch or by keyboard. */
export function Stage(props: FieldProps) {
  if (!isImage(props.content[String(props.field.settings.of)]))
    return <p className="bad">The example has no image to draw on.</p>
  return <Drawing {...props} />
}

function Drawing(props: FieldProps) {
  const boxes = useBoxes(props)
  const svg = useRef<SVGSVGElement>(null)
  const isDark = useComputedColorScheme('light') === 'dark'
  useBoxCommands(boxes, props.isActive)
  const { image, view, pan, zoom, types } = boxes
  /** Where on the image it is, whatever space the drawing leaves beside it. */
  const at = (event: { clientX: number; clientY: number }) =>
    new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.current!.getScreenCTM()!.inverse())
  const down = (event: PointerEvent) => {
    if (event.button > 0) return
    const target = event.target as SVGElement,
      point = at(event)
    svg.current!.setPointerCapture(event.pointerId)
    const place = target.dataset.box
    if (place === undefined) boxes.take('new', -1, point.x, point.y)
    else boxes.take((target.dataset.handle as Handle | undefined) ?? 'move', Number(place), point.x, point.y)
  }
  const zoomBy = useRef(boxes.zoomBy)
  zoomBy.current = boxes.zoomBy
  const place = useRef(at)
  place.current = at
  useEffect(() => {
    // The page must not zoom along: React's own listeners cannot say so.
    const element = svg.current
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      zoomBy.current(event.deltaY < 0 ? 1.15 : 0.87, place.current(event))
    }
    element?.addEventListener('wheel', onWheel, { passive: false })
    return () => element?.removeEventListener('wheel', onWheel)
  }, [])
  const pixel = view.width / 1000
  const order = boxes.boxes.map((_, index) => index).sort((a, b) => rank(boxes, a) - rank(boxes, b))
  const names = placed(boxes, order, pixel)
  return (
    <div className="boxes">
      <div className="palette" role="radiogroup" aria-label="Type of box">
        {types.map((type, index) => (
          <button
            key={type}
            role="radio"
            aria-checked={index === boxes.type}
            className={`ent ${index === boxes.type ? 'on' : ''}`}
            style={{ '--c': hue(index, isDark) } as CSSProperties}
            onClick={() => boxes.setType(index)}
          >
            {index < 9 && props.isActive ? <Kbd k={String(index + 1)} /> : null}
            <i />
            <bdi>{type}</bdi>
          </button>
        ))}
      </div>
      <div className="stage">
        <svg
          ref={svg}
          data-testid="content"
          viewBox={`${pan.x} ${pan.y} ${view.width} ${view.height}`}
          role="application"
          aria-label={`Image with ${boxes.boxes.length} boxes`}
          onPointerDown={down}
          onPointerMove={(event) => {
            const point = at(event)
            boxes.drag(point.x, point.y)
          }}
          onPointerUp={() => boxes.drop()}
        >
          <image href={imageUrl(image.sha256)} width={image.width} height={image.height} />
          {order.map((index) => (
            <Drawn
              key={index}
              box={boxes.boxes[index]!}
              index={index}
              isSelected={index === boxes.selected}
              isDraft={isDrafted(props, boxes, index)}
              color={hue(types.indexOf(boxes.boxes[index]!.label), false)}
              name={names[index]!}
              pixel={pixel}
            />
          ))}
        </svg>
        <div className="tools">
          <button aria-label="Zoom out" onClick={() => boxes.zoomBy(1 / 1.3)}>
            <IconMinus size={16} />
          </button>
          <span className="num">{Math.round(zoom * 100)}%</span>
          <button aria-label="Zoom in" onClick={() => boxes.zoomBy(1.3)}>
            <IconPlus size={16} />
          </button>
          <button aria-label="Fit" onClick={() => boxes.fit()}>
            <IconZoomReset size={17} />
          </button>
        </div>
      </div>
    </div>
  )
}

type DrawnProps = {
  box: Box
  index: number
  isSelected: boolean
  isDraft: boolean
  color: string
  name: Spot
  pixel: number
}

function Drawn({ box, index, isSelected, isDraft, color, name, pixel }: DrawnProps) {
  const sides = { x: box.x, y: box.y, width: box.width, height: box.height, rx: 3 * pixel }
  return (
    <g style={{ '--c': color } as CSSProperties}>
      <rect className="bx-halo" {...sides} />
      <rect className={`bx ${isDraft ? 'dr' : ''} ${isSelected ? 'sel' : ''}`} data-box={index} {...sides} />
      <g className="bl" pointerEvents="none">
        <rect x={name.x} y={name.y} width={name.width} height={name.height} rx={5 * pixel} />
        <text x={name.x + 6.5 * pixel} y={name.y + 15 * pixel} style={{ fontSize: 13 * pixel }}>
          {box.label}
        </text>
      </g>
      {isSelected &&
        HANDLES.map(([handle, across, down]) => (
          <rect
            key={handle}
            className="hd"
            data-box={index}
            data-handle={handle}
            rx={3 * pixel}
            style={{ cursor: `${handle}-resize` }}
            x={box.x + box.width * across - 5 * pixel}
            y={box.y + box.height * down - 5 * pixel}
            width={10 * pixel}
            height={10 * pixel}
          />
        ))}
    </g>
  )
}

/** The selected box lies on top, large ones below small ones. */
const rank = ({ boxes, selected }: Boxes, index: number) =>
  index === selected ? Infinity : -boxes[index]!.width * boxes[index]!.height

type Spot = { x: number; y: number; width: number; height: number }

/** Where the names stand: at the first corner of their box where they cover no other. */
function placed({ boxes, pan, view }: Boxes, order: number[], pixel: number): Record<number, Spot> {
  const found: Record<number, Spot> = {}
  for (const index of order) {
    const box = boxes[index]!,
      width = (textWidth(box.label) + 13) * pixel,
      height = 21 * pixel
    const spots = [
      { x: box.x - pixel, y: box.y - height - 2 * pixel },
      { x: box.x - pixel, y: box.y + box.height + 3 * pixel },
      { x: box.x + box.width - width + pixel, y: box.y - height - 2 * pixel },
      { x: box.x + 3 * pixel, y: box.y + 3 * pixel },
    ].map((spot) => ({ ...spot, width, height }))
    const isSeen = (spot: Spot) =>
      spot.y >= pan.y && spot.y + height <= pan.y + view.height && spot.x + width <= pan.x + view.width
    const isFree = (spot: Spot) =>
      !Object.values(found).some(
        (other) =>
          spot.x < other.x + other.width &&
          other.x < spot.x + width &&
          spot.y < other.y + other.height &&
          other.y < spot.y + height,
      )
    found[index] = spots.find((spot) => isSeen(spot) && isFree(spot)) ?? spots[3]!
  }
  return found
}

let canvas: CanvasRenderingContext2D | null = null
function textWidth(text: string): number {
  canvas ??= document.createElement('canvas').getContext('2d')
  if (!canvas) return text.length * 8
  canvas.font = "640 13px 'Inter Variable', system-ui"
  return canvas.measureText(text).width
}

/** Whether the model drew this box just so. */
function isDrafted({ draft }: FieldProps, boxes: Boxes, index: number): boolean {
  const [written] = write([boxes.boxes[index]!], boxes.image) as unknown[]
  return Array.isArray(draft) && draft.some((one) => same(one, written))
}

function useBoxCommands(boxes: Boxes, isActive: boolean) {
  const group = 'Boxes',
    isOn = isActive && boxes.selected !== null
  const arrows: [string, number, number][] = [
    ['ArrowLeft', -1, 0],
    ['ArrowRight', 1, 0],
    ['ArrowUp', 0, -1],
    ['ArrowDown', 0, 1],
  ]
  useCommands([
    {
      id: 'box-type',
      keys: boxes.types.slice(0, 9).map((_, index) => String(index + 1)),
      title: 'Set the type',
      group,
      enabled: isActive,
      run: (event) => boxes.setType(+event.code.slice(-1) - 1),
    },
    {
      id: 'next-box',
      keys: ['j'],
      title: 'Next box',
      group,
      repeat: true,
      goesFirst: true,
      enabled: isActive,
      run: () => boxes.step(1),
    },
    {
      id: 'box-before',
      keys: ['k'],
      title: 'Box before',
      group,
      repeat: true,
      goesFirst: true,
      enabled: isActive,
      run: () => boxes.step(-1),
    },
    { id: 'new-box', keys: ['b'], title: 'New box', group, enabled: isActive, run: () => boxes.insert() },
    {
      id: 'delete-box',
      keys: ['Backspace', 'Delete', 'x'],
      title: 'Delete the box',
      group,
      enabled: isOn,
      run: () => boxes.remove(),
    },
    ...arrows.flatMap(([name, x, y], index) => [
      {
        id: `move-${name}`,
        keys: [name],
        title: 'Move it by a pixel',
        group,
        hidden: index > 0,
        repeat: true,
        goesFirst: true,
        enabled: isOn,
        run: () => boxes.nudge(x, y, false),
      },
      {
        id: `far-${name}`,
        keys: [`Alt+${name}`],
        title: 'Move it by ten',
        group,
        hidden: index > 0,
        repeat: true,
        goesFirst: true,
        enabled: isOn,
        run: () => boxes.nudge(10 * x, 10 * y, false),
      },
      {
        id: `size-${name}`,
        keys: [`Shift+${name}`],
        title: 'Resize it by a pixel',
        group,
        hidden: index > 0,
        repeat: true,
        goesFirst: true,
        enabled: isOn,
        run: () => boxes.nudge(x, y, true),
      },
      {
        id: `grow-${name}`,
        keys: [`Alt+Shift+${name}`],
        title: 'Resize it by ten',
        group,
        hidden: index > 0,
        repeat: true,
        goesFirst: true,
        enabled: isOn,
        run: () => boxes.nudge(10 * x, 10 * y, true),
      },
    ]),
    {
      id: 'zoom-in',
      keys: ['+', '='],
      title: 'Zoom in',
      group,
      repeat: true,
      enabled: isActive,
      run: () => boxes.zoomBy(1.3),
    },
    {
      id: 'zoom-out',
      keys: ['-'],
      title: 'Zoom out',
      group,
      repeat: true,
      enabled: isActive,
      run: () => boxes.zoomBy(1 / 1.3),
    },
    { id: 'leave-box', keys: ['Escape'], title: 'Let go', group, enabled: isOn, run: () => boxes.select(null) },
    {
      id: 'undo-box',
      keys: ['Mod+z'],
      title: 'Undo the edit',
      group,
      goesFirst: true,
      enabled: boxes.isChanged,
      run: () => boxes.undo(),
    },
  ])
}
