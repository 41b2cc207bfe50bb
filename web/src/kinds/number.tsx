import { useRef, useState, type KeyboardEvent } from 'react'
import { useCommands } from '../lib/commands'
import { Pick } from './Pick'
import type { FieldProps, KindView } from './view'

type Settings = { min: number | null; max: number | null; unit: string }

function Panel(props: FieldProps) {
  const { field, turn, value, draft, isAlone } = props
  const { unit } = field.settings as Settings
  return (
    <>
      <Pick isSmall={!isAlone} value={value} draft={draft} text={`${value}${unit ? ` ${unit}` : ''}`} />
      <Entry key={turn} {...props} />
    </>
  )
}

/** What is typed, which need not be a number yet. */
function Entry({ field, value, isActive, set, finish }: FieldProps) {
  const { min, max, unit } = field.settings as Settings
  const input = useRef<HTMLInputElement>(null)
  const [text, setText] = useState(String(value ?? ''))
  const type = () => {
    input.current?.focus()
    input.current?.select()
  }
  useCommands([
    { id: `edit-${field.name}`, keys: ['e'], title: 'Type the number', group: 'Label', enabled: isActive, run: type },
  ])
  const number = read(text)
  const fault = text && number === null ? 'Not a number.' : outOf(number, min, max)
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && number !== null && !fault) {
      event.preventDefault()
      input.current?.blur()
      finish(number)
    } else if (event.key === 'Escape') input.current?.blur()
  }
  const onChange = (typed: string) => {
    setText(typed)
    const now = read(typed)
    set(now !== null && !outOf(now, min, max) ? now : null)
  }
  return (
    <label className="entry">
      <span className="h">
        {field.name}
        {unit && ` in ${unit}`}
      </span>
      <input
        ref={input}
        inputMode="decimal"
        value={text}
        aria-invalid={!!fault}
        aria-label={field.name}
        onKeyDown={onKey}
        onChange={(event) => onChange(event.target.value)}
      />
      {fault && (
        <span className="bad" role="alert">
          {fault}
        </span>
      )}
    </label>
  )
}

function read(text: string): number | null {
  const number = Number(text.trim().replace(',', '.'))
  return text.trim() && Number.isFinite(number) ? number : null
}

function outOf(number: number | null, min: number | null, max: number | null): string {
  if (number === null) return ''
  if (min !== null && number < min) return `Not under ${min}.`
  return max !== null && number > max ? `Not over ${max}.` : ''
}

export const number: KindView = { Panel, summary: String }
