import { useComputedColorScheme } from '@mantine/core'
import { useMemo, useRef } from 'react'
import { Kbd, useCommands } from '../../lib/commands'
import { hue } from '../../lib/colors'
import { shown } from '../../lib/words'
import type { FieldProps } from '../view'
import { key, pieces, relationKey, snapped, spanKey, type Span } from './marks'
import { Overlay } from './Overlay'
import { useMarks, type Marks } from './useMarks'

/** The text with its spans and relations, drawn and edited by mouse or by keyboard. */
export function Stage(props: FieldProps) {
  const marks = useMarks(props)
  const isDark = useComputedColorScheme('light') === 'dark'
  const host = useRef<HTMLDivElement>(null)
  const colorOf = (label: string) => hue(marks.spanTypes.indexOf(label), isDark)
  const isActive = props.isActive || marks.relationFields.some((one) => one.name === props.active)
  useMarkCommands(marks, isActive)

  const { ruler, text, spans, relations, selected } = marks
  const drafted = useDrafted(props, marks)
  const places = marks.spanField ? spans : marks.places
  const { start, end } = marks.marked ?? {}
  const cut = useMemo(
    () => pieces(text, places, start === undefined || end === undefined ? [] : [start, end]),
    [text, places, start, end],
  )
  const onUp = () => {
    const place = selection(host.current)
    const wide = place && snapped(ruler.tokens, place[0], place[1])
    if (!wide || !marks.spanField) return
    getSelection()?.removeAllRanges()
    marks.add(wide)
  }
  const all = relations.flat()
  return (
    <div className="marks">
      {marks.spanField && (
        <div className="palette" role="radiogroup" aria-label="Type of span">
          {marks.spanTypes.map((type, index) => (
            <button
              key={type}
              role="radio"
              aria-checked={index === marks.type}
              className={`ent ${index === marks.type ? 'on' : ''}`}
              style={{ '--c': colorOf(type) } as React.CSSProperties}
              onClick={() => marks.setType(index)}
            >
              {index < 9 && isActive ? <Kbd k={String(index + 1)} /> : null}
              <i />
              <bdi>{type}</bdi>
              <span className="muted num">{spans.filter((span) => span.label === type).length}</span>
            </button>
          ))}
        </div>
      )}
      <div className="card doc plain" ref={host} onMouseUp={onUp} dir="auto" data-testid="content">
        {cut.map((piece) => {
          const top = piece.spans.at(-1)
          const isCursor = start !== undefined && end !== undefined && piece.start >= start && piece.end <= end
          return (
            <span key={piece.start} data-at={piece.start} className={isCursor ? 'tok range' : undefined}>
              {top ? (
                <Piece
                  piece={piece}
                  top={top}
                  marks={marks}
                  isDraft={drafted.has(spanKey(top))}
                  color={colorOf(top.label)}
                  text={text}
                />
              ) : (
                shown(text.slice(piece.start, piece.end))
              )}
            </span>
          )
        })}
        <Overlay
          relations={all}
          selected={selected}
          drafted={drafted}
          colorOf={() => 'var(--ink-3)'}
          tags={spans.map((span) => ({ place: key(span), text: span.label, color: colorOf(span.label) }))}
        />
      </div>
      {marks.linking && (
        <p className="chip human linking">From “{ruler.cut(marks.linking)}”: choose where it leads, then a type</p>
      )}
      {marks.selected && <SelectedRelation marks={marks} />}
    </div>
  )
}

type PieceProps = {
  piece: { start: number; end: number; spans: Span[] }
  top: Span
  marks: Marks
  isDraft: boolean
  color: string
  text: string
}

function Piece({ piece, top, marks, isDraft, color, text }: PieceProps) {
  const isSelected =
    piece.spans.some((span) => key(span) === marks.selected) || (marks.linking && key(marks.linking) === key(top))
  return (
    <span
      data-place={
        piece.spans
          .filter((span) => span.start === piece.start)
          .map(key)
          .join(' ') || undefined
      }
      className={`sp ${isDraft ? 'dr' : ''} ${isSelected ? 'sel' : ''}`}
      style={{ '--c': color } as React.CSSProperties}
      onClick={() => {
        if (getSelection()?.isCollapsed) marks.click(top)
      }}
    >
      {shown(text.slice(piece.start, piece.end))}
    </span>
  )
}

function SelectedRelation({ marks }: { marks: Marks }) {
  const one = marks.relations.flat().find((relation) => relationKey(relation) === marks.selected)
  return one ? (
    <p className="muted linking">
      {marks.ruler.cut(one.head)} <b>{one.label}</b> {marks.ruler.cut(one.tail)}
    </p>
  ) : null
}

function useMarkCommands(marks: Marks, isActive: boolean) {
  const { linking, selected, selectedSpan, cursor, relationTypes, places } = marks
  const target = linking ? places.find((place) => key(place) === selected) : undefined
  const digit = (event: KeyboardEvent) => +event.code.slice(-1) - 1
  const group = 'Marks',
    goesFirst = true
  useCommands([
    {
      id: 'kind',
      keys: marks.spanTypes.slice(0, 9).map((_, index) => String(index + 1)),
      title: 'Label the words, or change the type',
      group,
      enabled: isActive && !linking,
      run: (event) => marks.setType(digit(event)),
    },
    {
      id: 'relate',
      keys: relationTypes.slice(0, 9).map((_, index) => String(index + 1)),
      title: 'Relate with this type',
      group,
      enabled: isActive && !!target,
      goesFirst,
      run: (event) => target && marks.relate(target, 0, digit(event)),
    },
    {
      id: 'relate-first',
      keys: ['Enter'],
      title: 'Relate',
      group,
      hidden: true,
      goesFirst,
      enabled: isActive && !!target,
      run: () => target && marks.relate(target),
    },
    {
      id: 'next-mark',
      keys: ['j'],
      title: 'Next mark',
      group,
      repeat: true,
      goesFirst,
      enabled: isActive && places.length > 0,
      run: () => marks.step(1),
    },
    {
      id: 'mark-before',
      keys: ['k'],
      title: 'Mark before',
      group,
      repeat: true,
      goesFirst,
      enabled: isActive && places.length > 0,
      run: () => marks.step(-1),
    },
    {
      id: 'right',
      keys: ['ArrowRight'],
      title: 'Next word',
      group,
      repeat: true,
      enabled: isActive && !!marks.spanField,
      goesFirst,
      run: () => marks.move(1, false),
    },
    {
      id: 'left',
      keys: ['ArrowLeft'],
      title: 'Word before',
      group,
      repeat: true,
      goesFirst,
      enabled: isActive && !!cursor,
      run: () => marks.move(-1, false),
    },
    {
      id: 'longer',
      keys: ['Shift+ArrowRight'],
      title: 'A word more',
      group,
      repeat: true,
      goesFirst,
      enabled: isActive && (!!cursor || !!selectedSpan),
      run: () => (selectedSpan ? marks.resize(1, false) : marks.move(1, true)),
    },
    {
      id: 'shorter',
      keys: ['Shift+ArrowLeft'],
      title: 'A word less',
      group,
      repeat: true,
      goesFirst,
      enabled: isActive && (!!cursor || !!selectedSpan),
      run: () => (selectedSpan ? marks.resize(-1, false) : marks.move(-1, true)),
    },
    {
      id: 'begin-earlier',
      keys: ['Alt+Shift+ArrowLeft'],
      title: 'Begin a word earlier',
      group,
      repeat: true,
      goesFirst,
      enabled: isActive && !!selectedSpan,
      run: () => marks.resize(-1, true),
    },
    {
      id: 'begin-later',
      keys: ['Alt+Shift+ArrowRight'],
      title: 'Begin a word later',
      group,
      repeat: true,
      goesFirst,
      enabled: isActive && !!selectedSpan,
      run: () => marks.resize(1, true),
    },
    {
      id: 'remove',
      keys: ['Backspace', 'Delete', 'x'],
      title: 'Delete the mark',
      group,
      enabled: isActive && !!selected,
      run: () => marks.remove(),
    },
    {
      id: 'link',
      keys: ['r'],
      title: 'Relate it to another',
      group,
      enabled: isActive && marks.canLink && !!selected,
      run: () => marks.link(),
    },
    {
      id: 'let-go',
      keys: ['Escape'],
      title: 'Let go',
      group,
      enabled: isActive && !!(selected || cursor || linking),
      run: () => marks.letGo(),
    },
    {
      id: 'undo-mark',
      keys: ['Mod+z'],
      title: 'Undo the edit',
      group,
      goesFirst,
      enabled: marks.past.length > 0,
      run: () => marks.undo(),
    },
  ])
}

/** Keys of the marks that are as the model drew them. */
function useDrafted(props: FieldProps, marks: Marks): Set<string> {
  const { ruler, spanField, relationFields } = marks
  const { draft, drafts } = props
  return useMemo(() => {
    if (draft === undefined) return new Set<string>()
    const spans = spanField ? ruler.spans(drafts[spanField.name]).map(spanKey) : []
    return new Set([...spans, ...relationFields.flatMap((one) => ruler.relations(drafts[one.name]).map(relationKey))])
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the fields are those of the example that the draft is of
  }, [ruler, draft, drafts])
}

/** Where the selection lies in the text, in units of the text; null where it is outside, or nothing. */
function selection(host: HTMLElement | null): [number, number] | null {
  const found = getSelection()
  if (!found || found.isCollapsed || !host) return null
  const at = (node: Node | null, offset: number) => {
    const piece = node?.parentElement?.closest<HTMLElement>('[data-at]')
    return piece && host.contains(piece) && node?.nodeType === Node.TEXT_NODE ? Number(piece.dataset.at) + offset : null
  }
  const a = at(found.anchorNode, found.anchorOffset),
    b = at(found.focusNode, found.focusOffset)
  return a === null || b === null || a === b ? null : [Math.min(a, b), Math.max(a, b)]
}
