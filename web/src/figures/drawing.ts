import type { PlotOptions } from '@observablehq/plot'
import type { paths } from '../lib/schema'

type Get<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { 'application/json': infer Body } } } }
}
  ? Body
  : never
export type Splits = Get<'/v1/projects/{project}/cost/splits'>
export type Cost = Get<'/v1/runs/{run_id}/cost'>
export type Outlook = Get<'/v1/runs/{run_id}/outlook'>
export type Quality = Get<'/v1/runs/{run_id}/quality'>
export type Scores = Get<'/v1/runs/{run_id}/ledger'>
export type Days = Get<'/v1/runs/{run_id}/days'>
export type Paces = Get<'/v1/runs/{run_id}/paces'>
export type Risk = Get<'/v1/runs/{run_id}/risk'>
export type Calibration = Get<'/v1/runs/{run_id}/calibration'>
export type Agreement = Get<'/v1/runs/{run_id}/agreement'>
export type Comparison = Get<'/v1/compare'>

/** Colours of charts: apart from each other for every kind of sight, in light and in dark (figures.css). */
export const COLOR = {
  blue: 'var(--blue)',
  orange: 'var(--orange)',
  teal: 'var(--teal)',
  violet: 'var(--violet)',
  grey: 'var(--ink-3)',
  ink: 'var(--ink)',
  line: 'var(--line)',
  ground: 'var(--surface)',
} as const

/** Under so many cases a rate is not drawn: its interval would fill the chart. */
export const FEWEST = 30

export type Kind = 'text' | 'count' | 'share' | 'dollars' | 'seconds' | 'number'
export type Cell = string | number | null
/** The figures of a chart as they are; `hrefs` are the addresses of what is behind each row. */
export type Table = { columns: { name: string; kind: Kind }[]; rows: Cell[][]; hrefs?: (string | undefined)[] }

/** A place in a chart, in its own coordinates, that has something to say; `href` has the examples behind it. */
export type Point = { x: string | number; y: string | number; says: string; href?: string | undefined }

/** A chart: what it shows, as a sentence; of what; its marks; and the same as a table. */
export type Drawing = {
  title: string
  about: string
  table: Table
  /** In words, where there is too little to draw. */
  nothing?: string
  legend?: [name: string, color: string][]
  /** Along which axis the pointer looks for the nearest point. */
  near?: 'x' | 'y' | 'both'
  points?: Point[]
  plot?: (width: number) => PlotOptions
}

export const columns = (...names: (string | [string, Kind])[]) =>
  names.map((one) => (typeof one === 'string' ? { name: one, kind: 'text' as Kind } : { name: one[0], kind: one[1] }))
