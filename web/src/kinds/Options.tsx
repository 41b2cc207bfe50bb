import { IconSearch } from '@tabler/icons-react'
import {
  memo,
  useCallback,
  useDeferredValue,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type ReactNode,
} from 'react'
import type { FormOption } from '../lib/api'
import { Kbd, useCommands } from '../lib/commands'
import { filterLabels } from '../lib/filter'
import { percent, title } from '../lib/words'
import type { FieldProps } from './view'

/** So many options have a digit each, in the schema's order; of longer lists the likely ones have. */
const WITH_DIGITS = 9
const LIKELY = 5

/** The options that digits stand for. */
export function digitOptions(options: FormOption[], alternatives: Record<string, number>, draft: string[]): string[] {
  const values = options.filter((option) => option.selectable).map((option) => option.value)
  if (values.length <= WITH_DIGITS) return values
  const rated = Object.entries(alternatives)
    .sort((a, b) => b[1] - a[1])
    .map(([value]) => value)
  return [...new Set([...draft, ...rated])].filter((value) => values.includes(value)).slice(0, LIKELY)
}

type Props = FieldProps & {
  chosen: string[]
  drafted: string[]
  pick: (value: string, stay: boolean) => void
  verb: string
}

/** A list of options to pick from: by digit, by mouse, or by typing what it begins with. */
export function OptionList({ field, turn, alternatives, isActive, isAlone, chosen, drafted, pick, verb }: Props) {
  const values = useMemo(
    () => field.options.filter((option) => option.selectable).map((option) => option.value),
    [field],
  )
  const digits = digitOptions(field.options, alternatives, drafted)
  const isShort = values.length <= WITH_DIGITS
  const meaning = (value: string) =>
    isShort && !(isAlone && chosen.includes(value))
      ? field.options.find((option) => option.value === value)?.description
      : ''
  useCommands([
    {
      id: `pick-${field.name}`,
      keys: digits.map((_, index) => String(index + 1)),
      title: verb,
      group: 'Label',
      enabled: isActive,
      run: (event) => pick(digits[+event.code.slice(-1) - 1]!, false),
    },
    {
      id: `stay-${field.name}`,
      keys: digits.map((_, index) => `Shift+${index + 1}`),
      title: 'Choose and stay',
      group: 'Label',
      enabled: isActive && isAlone,
      run: (event) => pick(digits[+event.code.slice(-1) - 1]!, true),
    },
  ])
  return (
    <>
      {(isShort || digits.length > 1) && (
        <div
          role="listbox"
          aria-multiselectable={field.kind === 'choices'}
          aria-label={isShort ? title(field.name) : `Likely for ${title(field.name)}`}
        >
          {!isShort && <p className="h">Likely</p>}
          <div className="opts">
            {digits.map((value, index) => (
              <button
                key={value}
                className={`opt ${alternatives[value] === undefined ? 'unrated' : ''}`}
                role="option"
                aria-selected={chosen.includes(value)}
                onClick={() => pick(value, false)}
              >
                {isActive ? <Kbd k={String(index + 1)} /> : <span />}
                <span>
                  <bdi>{title(value)}</bdi>
                  {meaning(value) && (
                    <small className="muted">
                      <bdi>{meaning(value)}</bdi>
                    </small>
                  )}
                </span>
                {alternatives[value] !== undefined && (
                  <>
                    <span className="meter">
                      <span style={{ width: `${alternatives[value] * 100}%` }} />
                    </span>
                    <span className="pc num">{percent(alternatives[value])}</span>
                  </>
                )}
              </button>
            ))}
          </div>
        </div>
      )}
      {!isShort && <Search turn={turn} values={values} chosen={chosen} isActive={isActive} choose={pick} />}
    </>
  )
}

type SearchProps = { turn: number; values: string[]; chosen: string[]; isActive: boolean; choose: Props['pick'] }

/** All options, and a field that finds among them. It stays from one example to the next: to draw a long list anew takes longer than all
 *  else that a key does. */
function Search({ turn, values, chosen, isActive, choose }: SearchProps) {
  const [typed, setTyped] = useState({ turn, query: '', at: 0 }),
    [isOpen, setOpen] = useState(false)
  const { query, at } = typed.turn === turn ? typed : { query: '', at: 0 }
  const input = useRef<HTMLInputElement>(null)
  const drawn = useDeferredValue(query)
  const hits = useMemo(() => filterLabels(values, drawn), [values, drawn])
  const pick = useRef(choose)
  pick.current = choose
  const onChoose = useCallback((value: string) => pick.current(value, false), [])
  useCommands([
    {
      id: 'find',
      keys: ['/'],
      title: 'Search all labels',
      group: 'Label',
      enabled: isActive,
      run: () => input.current?.focus(),
    },
  ])
  const look = (query: string, at = 0) => setTyped({ turn, query, at })
  const leave = () => {
    look('')
    input.current?.blur()
  }
  const onKey = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Escape') leave()
    else if (event.key === 'ArrowDown') look(query, Math.min(at + 1, hits.length - 1))
    else if (event.key === 'ArrowUp') look(query, Math.max(at - 1, 0))
    else if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey) {
      // By the field itself: the list that is drawn may lag behind fast typing.
      const now = event.currentTarget.value
      const hit = now ? filterLabels(values, now)[at] : undefined
      if (hit) {
        leave()
        choose(hit.label, false)
      }
    } else return
    event.preventDefault()
  }
  return (
    <>
      <div className="find">
        <IconSearch size={17} stroke={1.8} />
        <input
          ref={input}
          value={query}
          placeholder={`Search ${values.length} labels`}
          aria-label="Search labels"
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => look(event.target.value)}
          onKeyDown={onKey}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
        />
        {isActive && <Kbd k={isOpen ? 'Enter' : '/'} />}
      </div>
      <Rows labels={hits} query={drawn} chosen={chosen} at={isOpen && query ? at : -1} choose={onChoose} />
    </>
  )
}

type RowsProps = {
  labels: { label: string }[]
  query: string
  chosen: string[]
  at: number
  choose: (value: string) => void
}

const Rows = memo(function Rows({ labels, query, chosen, at, choose }: RowsProps) {
  if (!labels.length) return <p className="muted none">No label matches. Flag the example if none fits.</p>
  return (
    <div className="labels">
      {labels.map(({ label }, index) => (
        <Row
          key={label}
          label={label}
          query={query}
          isOn={index === at || (at < 0 && chosen.includes(label))}
          isNext={index === at}
          choose={choose}
        />
      ))}
    </div>
  )
})

type RowProps = { label: string; query: string; isOn: boolean; isNext: boolean; choose: (value: string) => void }

const Row = memo(function Row({ label, query, isOn, isNext, choose }: RowProps) {
  return (
    <button className={`lab ${isOn ? 'on' : ''}`} onClick={() => choose(label)}>
      <bdi>{marked(title(label), query)}</bdi>
      {isNext && (
        <>
          <span className="spring" />
          <Kbd k="Enter" />
        </>
      )}
    </button>
  )
})

function marked(text: string, query: string): ReactNode {
  const word = query.trim().split(/\s+/)[0]?.toLowerCase()
  const at = word ? text.toLowerCase().indexOf(word) : -1
  return at < 0 ? (
    text
  ) : (
    <>
      {text.slice(0, at)}
      <u>{text.slice(at, at + word!.length)}</u>
      {text.slice(at + word!.length)}
    </>
  )
}
