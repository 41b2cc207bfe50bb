import { plot } from '@observablehq/plot'
import { useElementSize } from '@mantine/hooks'
import { useLayoutEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react'
import { useLocation } from 'wouter'
import type { Drawing, Point } from './drawing'

const REACH = 44
type Place = { left: number; top: number }

/** The marks of a chart. What each says comes by pointer and by arrow key, and Enter or a click leads to what is behind it; who reads with
 *  their ears has the table. */
export function Plotted({ drawing, name }: { drawing: Drawing; name: string }) {
  const { ref, width } = useElementSize<HTMLDivElement>()
  const paper = useRef<HTMLDivElement>(null)
  const [places, setPlaces] = useState<Place[]>([])
  const [at, setAt] = useState<number | null>(null)
  const [, navigate] = useLocation()
  const points = drawing.points ?? []
  useLayoutEffect(() => {
    if (!width || !drawing.plot) return
    const svg = plot({ className: 'plot', width, ...drawing.plot(width) }) as SVGSVGElement & {
      scale: (name: string) => Scale | undefined
    }
    // Plot brings a <style> of its own, which the page's policy forbids: what it says stands in figures.css.
    svg.querySelector('style')?.remove()
    svg.setAttribute('aria-hidden', 'true')
    paper.current!.replaceChildren(svg)
    setPlaces(
      (drawing.points ?? []).map((point) => ({
        left: placed(svg.scale('x'), point.x),
        top: placed(svg.scale('y'), point.y),
      })),
    )
  }, [drawing, width])
  const shown = at === null ? undefined : points[at]
  const here = at === null ? undefined : places[at]
  const open = (point: Point | undefined) => {
    if (point?.href) navigate(point.href)
  }
  const look = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect()
    setAt(nearest(places, event.clientX - box.left, event.clientY - box.top, drawing.near ?? 'both'))
  }
  const press = (event: KeyboardEvent) => {
    const last = points.length - 1
    const next = {
      ArrowRight: at === null ? 0 : Math.min(last, at + 1),
      ArrowDown: at === null ? 0 : Math.min(last, at + 1),
      ArrowLeft: Math.max(0, (at ?? 1) - 1),
      ArrowUp: Math.max(0, (at ?? 1) - 1),
      Home: 0,
      End: last,
      Escape: null,
    }[event.key]
    if (event.key === 'Enter') open(shown)
    else if (next === undefined || last < 0) return
    else setAt(next)
    event.preventDefault()
  }
  return (
    <div
      ref={ref}
      className={`marks-of${shown?.href ? ' leads' : ''}`}
      tabIndex={points.length ? 0 : undefined}
      role="group"
      aria-label={`${name}, marks: arrow keys go from one to the next`}
      onKeyDown={press}
      onPointerMove={look}
      onPointerLeave={() => setAt(null)}
      onBlur={() => setAt(null)}
      onClick={() => open(shown)}
    >
      <div ref={paper} aria-hidden="true" />
      {here && <i className="ring" style={{ left: here.left, top: here.top }} />}
      <div
        className={`tip${shown ? '' : ' vh'}`}
        role="status"
        style={
          here && {
            ...(here.left > width / 2 ? { right: width - here.left + 12 } : { left: here.left + 12 }),
            top: Math.max(0, here.top - 14),
          }
        }
      >
        {shown?.says
          .split('\n')
          .map((line, index) => (index ? <span key={index}>{line}</span> : <b key={index}>{line}</b>))}
        {shown?.href && <small>Enter or click: {leadsTo(shown.href)}</small>}
      </div>
    </div>
  )
}

/** What is behind a mark, in words. */
export const leadsTo = (href: string) =>
  href.startsWith('/examples')
    ? `the examples of run ${new URLSearchParams(href.split('?')[1]).get('run')}`
    : 'its figures'

type Scale = { apply: (value: unknown) => number; bandwidth?: number }

const placed = (scale: Scale | undefined, value: string | number) =>
  scale ? scale.apply(value) + (scale.bandwidth ?? 0) / 2 : 0

/** The nearest place within reach; along one axis every place is. */
export function nearest(places: Place[], x: number, y: number, along: 'x' | 'y' | 'both'): number | null {
  let found: number | null = null
  let least = along === 'both' ? REACH : Infinity
  places.forEach(({ left, top }, index) => {
    const far = along === 'x' ? Math.abs(left - x) : along === 'y' ? Math.abs(top - y) : Math.hypot(left - x, top - y)
    if (far < least) [found, least] = [index, far]
  })
  return found
}
