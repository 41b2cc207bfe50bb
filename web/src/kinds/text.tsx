import { useRef } from 'react'
import { useCommands } from '../lib/commands'
import { wordDiff } from '../lib/diff'
import { Pick } from './Pick'
import type { FieldProps, KindView } from './view'

type Settings = { max_length: number; multiline: boolean; turns: boolean }
type Turn = { role: string; content: string }

/** Text that is written or set right, under it what differs from the draft. */
function Stage(props: FieldProps) {
  const { field, value, draft, isActive, set } = props
  const { max_length, multiline, turns } = field.settings as Settings
  const area = useRef<HTMLTextAreaElement>(null)
  useCommands([
    {
      id: `edit-${field.name}`,
      keys: ['e'],
      title: 'Edit the text',
      group: 'Label',
      enabled: isActive,
      run: () => area.current?.focus(),
    },
    {
      id: `stop-${field.name}`,
      keys: ['Escape'],
      title: 'Stop editing',
      group: 'Label',
      inField: true,
      hidden: true,
      run: () => area.current?.blur(),
    },
  ])
  if (turns) return <Turns {...props} />
  const text = typeof value === 'string' ? value : ''
  return (
    <div className="card">
      <textarea
        ref={area}
        className="editor"
        value={text}
        maxLength={max_length * 2}
        dir="auto"
        aria-label={field.name}
        spellCheck
        placeholder={`Write ${field.name.replaceAll('_', ' ')}`}
        rows={multiline ? 4 : 1}
        onChange={(event) => set(multiline ? event.target.value : event.target.value.replace(/\n/g, ' '))}
      />
      {typeof draft === 'string' && draft !== text && text && <Difference from={draft} to={text} />}
    </div>
  )
}

function Turns({ field, value, set }: FieldProps) {
  const turns = Array.isArray(value) ? (value as Turn[]) : []
  const change = (index: number, content: string) =>
    set(turns.map((turn, at) => (at === index ? { ...turn, content } : turn)))
  return (
    <div className="card">
      {turns.map((turn, index) => (
        <div key={index} className="turn">
          <p className="h">{turn.role}</p>
          <textarea
            className="editor"
            value={turn.content}
            dir="auto"
            aria-label={`${field.name}, ${turn.role}, turn ${index + 1}`}
            onChange={(event) => change(index, event.target.value)}
          />
        </div>
      ))}
    </div>
  )
}

export function Difference({ from, to }: { from: string; to: string }) {
  return (
    <div className="diff" aria-label="What differs from the draft" dir="auto">
      {wordDiff(from, to).map((part, index) =>
        part.added ? (
          <ins key={index}>{part.value}</ins>
        ) : part.removed ? (
          <del key={index}>{part.value}</del>
        ) : (
          <span key={index}>{part.value}</span>
        ),
      )}
    </div>
  )
}

function Panel({ value, draft }: FieldProps) {
  const text =
    typeof value === 'string'
      ? value
      : Array.isArray(value)
        ? (value as Turn[]).map((turn) => turn.content).join(' ')
        : ''
  const words = text.split(/\s+/).filter(Boolean).length
  return (
    <div className="line">
      <Pick isSmall value={value} draft={draft} text={text} />
      <span className="muted num">
        {words} {words === 1 ? 'word' : 'words'}
      </span>
    </div>
  )
}

export const text: KindView = { Panel, Stage, summary: () => 'text' }
