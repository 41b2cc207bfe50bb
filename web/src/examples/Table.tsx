import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, useCallback, useEffect, useRef, useState } from 'react'
import type { Example, Form } from '../lib/api'
import { useCommands } from '../lib/commands'
import { inALine, summary } from '../lib/summary'
import { moment, percent, title } from '../lib/words'
import { same } from '../lib/form'
import type { Wanted } from './search'
import { useRows, type Outline } from './usePages'

const ROW = 44,
  HEAD = 34,
  PAGE = 15

type Props = { run: number; form: Form; wanted: Wanted; outline: Outline; open: string; show: (id: string) => void }

/** The examples that are found, as long as their number; only what is in sight is drawn and held. */
export function Table({ run, form, wanted, outline, open, show }: Props) {
  const scroller = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState(0)
  const virtual = useVirtualizer({
    count: outline.examples,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
    scrollMargin: HEAD,
    scrollPaddingStart: HEAD,
  })
  const items = virtual.getVirtualItems()
  const row = useRows(run, wanted, outline, items[0]?.index ?? 0, items.at(-1)?.index ?? 0)
  useEffect(() => {
    setActive(0)
    scroller.current?.scrollTo({ top: 0 })
  }, [run, wanted])
  const at = Math.min(active, outline.examples - 1)
  const isFollowing = useRef(false) // what is open goes along with the arrows, once its row is here
  const there = row(at)?.id
  useEffect(() => {
    if (!isFollowing.current || !there) return
    isFollowing.current = false
    show(there)
  }, [there, show])
  const go = (to: number) => {
    const next = Math.max(0, Math.min(outline.examples - 1, to))
    setActive(next)
    isFollowing.current = open !== ''
    virtual.scrollToIndex(next, { align: 'auto' })
  }
  const latest = useRef(show)
  latest.current = show
  const choose = useCallback((index: number, id: string) => {
    setActive(index)
    latest.current(id)
  }, [])
  const showActive = () => {
    if (there) show(there)
  }
  useCommands([
    {
      id: 'down',
      keys: ['ArrowDown', 'j'],
      title: 'Next example',
      group: 'Examples',
      repeat: true,
      run: () => go(at + 1),
    },
    {
      id: 'up',
      keys: ['ArrowUp', 'k'],
      title: 'Example before',
      group: 'Examples',
      repeat: true,
      run: () => go(at - 1),
    },
    {
      id: 'page-down',
      keys: ['PageDown'],
      title: 'A page on',
      group: 'Examples',
      repeat: true,
      run: () => go(at + PAGE),
    },
    {
      id: 'page-up',
      keys: ['PageUp'],
      title: 'A page back',
      group: 'Examples',
      repeat: true,
      run: () => go(at - PAGE),
    },
    { id: 'first', keys: ['Home'], title: 'The first', group: 'Examples', run: () => go(0) },
    { id: 'last', keys: ['End'], title: 'The last', group: 'Examples', run: () => go(outline.examples - 1) },
    { id: 'open', keys: ['Enter'], title: 'Open its history', group: 'Examples', run: showActive },
  ])
  return (
    <div
      className="grid"
      role="grid"
      ref={scroller}
      aria-label="Examples"
      aria-rowcount={outline.examples + 1}
      aria-activedescendant={`row-${at}`}
      tabIndex={0}
    >
      <div className="grid-head" role="rowgroup">
        <div className="grid-row" role="row" aria-rowindex={1}>
          {['Example', 'Content', 'Label', 'Confidence', 'Place', 'By'].map((word) => (
            <span key={word} role="columnheader">
              {word}
            </span>
          ))}
        </div>
      </div>
      <div className="grid-rows" role="rowgroup" style={{ height: outline.examples * ROW }}>
        {items.map((item) => (
          <Row
            key={item.key}
            index={item.index}
            top={item.start - HEAD}
            example={row(item.index)}
            form={form}
            isActive={item.index === at}
            isOpen={row(item.index)?.id === open}
            choose={choose}
          />
        ))}
      </div>
    </div>
  )
}

type RowProps = {
  index: number
  top: number
  example: Example | undefined
  form: Form
  isActive: boolean
  isOpen: boolean
  choose: (index: number, id: string) => void
}

/** Drawn anew only where something of it has changed: while one scrolls, most rows stay. */
const Row = memo(function Row({ index, top, example, form, isActive, isOpen, choose }: RowProps) {
  return (
    <div
      id={`row-${index}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isOpen}
      className={`grid-row ${isActive ? 'active' : ''}`}
      style={{ transform: `translateY(${top}px)` }}
      data-example={example?.id}
      onClick={() => example && choose(index, example.id)}
    >
      {example ? (
        <Cells example={example} form={form} />
      ) : (
        <span role="gridcell" className="pending" aria-label="Loading" />
      )}
    </div>
  )
})

function Cells({ example, form }: { example: Example; form: Form }) {
  const { label, draft, confidence, source } = example
  const isCorrected = label !== null && draft !== null && !same(label, draft)
  return (
    <>
      <span role="gridcell" className="num id">
        <bdi>{example.id}</bdi>
      </span>
      <span role="gridcell" className="words">
        {example.removed_at ? (
          <span className="muted">removed on {moment(example.removed_at)}</span>
        ) : (
          <bdi>{inALine(example.content)}</bdi>
        )}
      </span>
      <span role="gridcell" className={`said ${label ? 'is-human' : draft ? 'is-draft' : ''}`}>
        <bdi>{summary(label ?? draft, form.fields, example.content) || '–'}</bdi>
        {!label && draft && <small>draft</small>}
        {isCorrected && <small>corrected</small>}
      </span>
      <span role="gridcell" className="num sure">
        {confidence === null ? (
          '–'
        ) : (
          <>
            <span className="meter">
              <span style={{ width: `${confidence * 100}%` }} />
            </span>
            {percent(confidence)}
          </>
        )}
      </span>
      <span role="gridcell" className="place">
        {title(example.status)}
        {example.reason && <small>{title(example.reason).toLowerCase()}</small>}
      </span>
      <span role="gridcell" className="by">
        <bdi>{example.reviewer ?? (source === 'auto' ? example.model : source) ?? ''}</bdi>
      </span>
    </>
  )
}
