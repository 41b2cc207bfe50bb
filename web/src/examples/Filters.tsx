import { IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState, type RefObject } from 'react'
import { api, take, type Form } from '../lib/api'
import { Kbd } from '../lib/commands'
import { shown, title } from '../lib/words'
import { comparable, countOf, type Asked } from './search'

export const PLACES = ['waiting', 'drafted', 'queued', 'settled', 'failed']
const REASONS = ['low_confidence', 'gold_failed', 'audit', 'draft_failed', 'conflict', 'redundancy', 'requested']
const TYPED_AFTER = 350

type Props = {
  asked: Asked
  form: Form | undefined
  run: number
  change: (part: Partial<Asked>) => void
  search: RefObject<HTMLInputElement | null>
}

/** What is looked for; all of it has to hold. */
export function Filters({ asked, form, run, change, search }: Props) {
  const { data: people } = useQuery({
    queryKey: ['reviewers', run],
    enabled: run > 0,
    queryFn: () =>
      take(api.GET('/v1/runs/{run_id}/reviewers', { params: { path: { run_id: run }, query: { limit: 500 } } })),
  })
  const names = people?.items.map((one) => one.name) ?? []
  const choices = comparable(form?.fields ?? [])
  const [isOpen, setOpen] = useState(false)
  const others = countOf(asked)
  return (
    <form
      className={`filters ${isOpen ? 'open' : ''}`}
      role="search"
      aria-label="Filters"
      onSubmit={(event) => event.preventDefault()}
    >
      <div className="find">
        <IconSearch size={17} />
        <Typed
          label="Text"
          value={asked.text}
          set={(text) => change({ text })}
          placeholder="Text in the example"
          input={search}
        />
        <Kbd k="/" />
      </div>
      <button
        type="button"
        className={`control more ${others ? 'on' : ''}`}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        Filters{others > 0 && `: ${others}`}
      </button>
      <Select label="Place" value={asked.place} set={(place) => change({ place })} values={PLACES} any="Any place" />
      <Select
        label="Reason"
        value={asked.reason}
        set={(reason) => change({ reason })}
        values={REASONS}
        any="Any reason"
      />
      {choices.length > 0 && (
        <select
          className={`control ${asked.label ? 'on' : ''}`}
          aria-label="Label"
          value={asked.label}
          onChange={(event) => change({ label: event.target.value })}
        >
          <option value="">Any label</option>
          {choices.map(({ field, values }) => (
            <optgroup key={field.name} label={title(field.name)}>
              {values.map((value) => (
                <option key={value} value={`${field.name}=${value}`}>
                  {field.kind === 'boolean'
                    ? `${title(field.name)}: ${value === '1' ? 'yes' : 'no'}`
                    : shown(title(value))}
                </option>
              ))}
            </optgroup>
          ))}
        </select>
      )}
      <span className={`control range ${asked.from || asked.to ? 'on' : ''}`}>
        <span>Confidence</span>
        <Typed
          label="Confidence from, in percent"
          value={asked.from}
          set={(from) => change({ from })}
          placeholder="0"
          isNumber
        />
        <span>to</span>
        <Typed
          label="Confidence to, in percent"
          value={asked.to}
          set={(to) => change({ to })}
          placeholder="100"
          isNumber
        />
        <span>%</span>
      </span>
      {names.length > 0 && (
        <Select
          label="Reviewer"
          value={asked.reviewer}
          set={(reviewer) => change({ reviewer })}
          values={names}
          any="Any reviewer"
          isPlain
        />
      )}
      <Mark word="Corrected" is={asked.corrected} set={(corrected) => change({ corrected })} />
      <Mark word="Disagreed" is={asked.disagreed} set={(disagreed) => change({ disagreed })} />
      <Typed
        className={`control expression ${asked.where ? 'on' : ''}`}
        label="Expression"
        value={asked.where}
        set={(where) => change({ where })}
        placeholder="Expression, as in confidence < 0.5"
      />
    </form>
  )
}

type TypedProps = {
  label: string
  value: string
  set: (value: string) => void
  placeholder: string
  isNumber?: boolean
  className?: string
  input?: RefObject<HTMLInputElement | null>
}

/** Looked for once one rests. */
function Typed({ label, value, set, placeholder, isNumber = false, className, input }: TypedProps) {
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  useEffect(() => {
    if (text === value) return
    const timer = setTimeout(() => set(text), TYPED_AFTER)
    return () => clearTimeout(timer)
  }) // `set` knows the other filters as they are now
  return (
    <input
      ref={input}
      className={className}
      aria-label={label}
      value={text}
      placeholder={placeholder}
      dir="auto"
      maxLength={isNumber ? 3 : 200}
      inputMode={isNumber ? 'numeric' : undefined}
      onChange={(event) => setText(isNumber ? event.target.value.replace(/\D/g, '') : event.target.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Enter') return
        if (text !== value) set(text)
        event.currentTarget.blur()
      }}
    />
  )
}

function Select({
  label,
  value,
  set,
  values,
  any,
  isPlain = false,
}: {
  label: string
  value: string
  set: (value: string) => void
  values: string[]
  any: string
  isPlain?: boolean
}) {
  const all = value && !values.includes(value) ? [value, ...values] : values
  return (
    <select
      className={`control ${value ? 'on' : ''}`}
      aria-label={label}
      value={value}
      onChange={(event) => set(event.target.value)}
    >
      <option value="">{any}</option>
      {all.map((one) => (
        <option key={one} value={one}>
          {shown(isPlain ? one : title(one))}
        </option>
      ))}
    </select>
  )
}

function Mark({ word, is, set }: { word: string; is: boolean; set: (is: boolean) => void }) {
  return (
    <button type="button" className={`control mark ${is ? 'on' : ''}`} aria-pressed={is} onClick={() => set(!is)}>
      {word}
    </button>
  )
}
