import { IconInfoCircle } from '@tabler/icons-react'
import { useMemo, useRef, useState } from 'react'
import { KINDS } from '../kinds'
import type { FieldProps } from '../kinds/view'
import type { Form, FormField, Json, Label, TwoSides } from '../lib/api'
import { Kbd, useCommands, usePulse } from '../lib/commands'
import { wordDiff } from '../lib/diff'
import { complete, same } from '../lib/form'
import { inWords } from '../lib/summary'
import { count, shown, title } from '../lib/words'
import { Content } from '../review/Content'
import type { Act, SideName } from './useConflicts'

type Side = NonNullable<TwoSides['counterpart']>
type Props = {
  conflict: TwoSides
  form: Form
  act: (conflict: TwoSides, act: Act) => void
  skip: (id: number) => void
  undo: (() => void) | undefined
  left: number
  isMore: boolean
  fixed: number
}

/** What is changed rather than chosen anew. */
const IN_PARTS = ['choices']
/** Marks of one text mean nothing in another. */
const IN_PLACES = ['spans', 'relations', 'boxes']

/** A conflict: both sides, why they contradict, and what can be done about it. */
export function Both({ conflict, form, act, skip, undo, left, isMore, fixed }: Props) {
  const { example, counterpart } = conflict
  const since = useRef(performance.now())
  const field = form.fields.find((one) => one.name === conflict.field)
  const isSame = same(example.content, counterpart?.content)
  const mayTake = !!field && !!counterpart?.label && !!example.label && (isSame || !IN_PLACES.includes(field.kind))
  const fix = (side: SideName, value: Json) => {
    const before = (side === 'example' ? example : counterpart)?.label as Label
    const label = complete(form.fields, { ...before, [conflict.field]: value })
    act(conflict, { kind: 'resolve', side, label, seconds: Math.round((performance.now() - since.current) / 100) / 10 })
  }
  const takeRight = () => fix('example', (counterpart!.label as Label)[conflict.field])
  const takeLeft = () => fix('counterpart', (example.label as Label)[conflict.field])
  useCommands([
    {
      id: 'left',
      keys: ['ArrowLeft'],
      title: 'The left one takes the label of the right one',
      group: 'Conflicts',
      enabled: mayTake,
      run: takeRight,
    },
    {
      id: 'right',
      keys: ['ArrowRight'],
      title: 'The right one takes the label of the left one',
      group: 'Conflicts',
      enabled: mayTake,
      run: takeLeft,
    },
    {
      id: 'people',
      keys: ['p'],
      title: 'Send it to people',
      group: 'Conflicts',
      run: () => act(conflict, { kind: 'queue' }),
    },
    {
      id: 'dismiss',
      keys: ['d'],
      title: 'Let both labels stand',
      group: 'Conflicts',
      run: () => act(conflict, { kind: 'dismiss' }),
    },
    {
      id: 'later',
      keys: ['s'],
      title: 'Later: the next one first',
      group: 'Conflicts',
      enabled: left > 1,
      run: () => skip(conflict.id),
    },
  ])
  return (
    <>
      <div className="body" data-conflict={conflict.id}>
        <section className="work" aria-label="Conflict">
          <p className="why-conflict">
            <IconInfoCircle size={16} />
            <span>
              <bdi>{shown(conflict.why)}</bdi>
            </span>
            <span className="chip num">doubt {Math.round(conflict.score * 100)}%</span>
          </p>
          <div className={`both ${counterpart ? '' : 'alone'}`}>
            <SideView side={example} other={counterpart} form={form} field={field} isDoubted />
            {counterpart && <SideView side={counterpart} other={example} form={form} field={field} />}
          </div>
        </section>
        {field && example.label && (
          <Own field={field} form={form} side={example} turn={conflict.id} fix={(value) => fix('example', value)} />
        )}
      </div>
      <footer className="foot">
        {counterpart && (
          <>
            <Button
              id="left"
              title={`Left becomes ${brief(counterpart, field)}`}
              k="ArrowLeft"
              run={takeRight}
              isOff={!mayTake}
            />
            <Button
              id="right"
              title={`Right becomes ${brief(example, field)}`}
              k="ArrowRight"
              run={takeLeft}
              isOff={!mayTake}
            />
          </>
        )}
        <Button id="people" title="Send to people" k="P" run={() => act(conflict, { kind: 'queue' })} />
        <Button id="dismiss" title="Both stand" k="D" run={() => act(conflict, { kind: 'dismiss' })} />
        <Button id="later" title="Later" k="S" run={() => skip(conflict.id)} isOff={left < 2} />
        <Button id="undo" title="Undo" k="Z" run={() => undo?.()} isOff={!undo} />
        <span className="spring" />
        <span className="stat num" role="status" data-testid="left">
          <b>
            {count(left)}
            {isMore && '+'}
          </b>{' '}
          open
          {fixed > 0 && (
            <>
              , <b>{count(fixed)}</b> decided
            </>
          )}
        </span>
      </footer>
    </>
  )
}

/** What a side is labeled, for a button. */
function brief(side: Side, field: FormField | undefined): string {
  const said = field ? inWords((side.label as Label | null)?.[field.name], field, side.content).join(', ') : ''
  return said.length > 24 ? `${said.slice(0, 24)}…` : said || '–'
}

function SideView({
  side,
  other,
  form,
  field,
  isDoubted = false,
}: {
  side: Side
  other: Side | null
  form: Form
  field: FormField | undefined
  isDoubted?: boolean
}) {
  const texts = side.content.text,
    others = other?.content.text
  const isCompared =
    Object.keys(side.content).length === 1 &&
    typeof texts === 'string' &&
    typeof others === 'string' &&
    texts !== others
  return (
    <article className={`side-card card ${isDoubted ? 'doubted' : ''}`} aria-label={`Example ${side.example}`}>
      <header>
        <b className="num">
          <bdi>{side.example}</bdi>
        </b>
        {isDoubted && <span className="chip warn">likelier wrong</span>}
      </header>
      {isCompared ? (
        <p className="plain compared" dir="auto" data-testid="content">
          <Compared text={texts} other={others} />
        </p>
      ) : (
        <Content content={side.content} without={[]} />
      )}
      <dl>
        {form.fields.map((one) => (
          <div key={one.name} className={one.name === field?.name ? 'at-odds' : ''}>
            {form.fields.length > 1 && <dt>{title(one.name)}</dt>}
            <dd data-testid={one.name === field?.name ? 'value' : undefined}>
              <bdi>{inWords((side.label as Label | null)?.[one.name], one, side.content).join(', ') || '–'}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      <Past side={side} form={form} />
    </article>
  )
}

/** The words that the other one has not. */
function Compared({ text, other }: { text: string; other: string }) {
  const parts = useMemo(() => wordDiff(other, text), [text, other])
  return (
    <>
      {parts
        .filter((part) => !part.removed)
        .map((part, at) =>
          part.added ? <mark key={at}>{shown(part.value)}</mark> : <span key={at}>{shown(part.value)}</span>,
        )}
    </>
  )
}

function Past({ side, form }: { side: Side; form: Form }) {
  return (
    <ul className="past" aria-label="What happened to it">
      {side.history.map((event, at) => (
        <li key={at}>
          <b>{event.what === 'label' ? 'Settled' : title(event.what)}</b>{' '}
          <bdi className="muted">{event.what === 'label' ? title(event.who) : event.who}</bdi>
          {event.label && (
            <>
              {' '}
              <bdi>
                {form.fields
                  .map((one) => inWords((event.label as Label)[one.name], one, side.content).join(', '))
                  .filter(Boolean)
                  .join(' · ')}
              </bdi>
            </>
          )}
          {event.note && (
            <span className="muted">
              {' '}
              <bdi>{shown(event.note)}</bdi>
            </span>
          )}
        </li>
      ))}
    </ul>
  )
}

/** Another label for the doubted side, for kinds that are filled in beside the example. */
function Own({
  field,
  form,
  side,
  turn,
  fix,
}: {
  field: FormField
  form: Form
  side: Side
  turn: number
  fix: (value: Json) => void
}) {
  const now = (side.label as Label)[field.name] ?? null
  const [value, setValue] = useState<Json>(IN_PARTS.includes(field.kind) ? now : null)
  const View = KINDS[field.kind]!
  const isChanged = value !== null && !same(value, now)
  useCommands([
    {
      id: 'save',
      keys: ['Enter'],
      title: 'Save the label that you gave',
      group: 'Conflicts',
      enabled: isChanged,
      run: () => fix(value),
    },
  ])
  if (View.Stage) return null
  const props: FieldProps = {
    field,
    turn,
    value,
    draft: undefined,
    drafts: {},
    alternatives: {},
    content: side.content,
    label: side.label as Label,
    fields: form.fields,
    setOther: () => undefined,
    isAlone: true,
    isActive: true,
    active: field.name,
    set: setValue,
    finish: (given) => (same(given, now) ? setValue(given) : fix(given)),
  }
  return (
    <aside className="side" aria-label="Another label">
      <p className="h">
        Another label for <bdi className="num">{side.example}</bdi>
      </p>
      <View.Panel {...props} />
      {isChanged && (
        <button className="btn primary" onClick={() => fix(value)}>
          Save
          <Kbd k="Enter" />
        </button>
      )}
    </aside>
  )
}

function Button({
  id,
  title: word,
  k,
  run,
  isOff = false,
}: {
  id: string
  title: string
  k: string
  run: () => void
  isOff?: boolean
}) {
  const pulse = usePulse()
  return (
    <button className={`btn ${pulse === id ? 'pulse' : ''}`} onClick={run} disabled={isOff} aria-label={word}>
      <span className="word">
        <bdi>{word}</bdi>
      </span>
      <Kbd k={k} />
    </button>
  )
}
