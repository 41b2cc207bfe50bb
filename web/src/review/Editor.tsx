import { IconInfoCircle } from '@tabler/icons-react'
import { useLayoutEffect, useState, type ReactNode } from 'react'
import { KINDS } from '../kinds'
import type { FieldProps } from '../kinds/view'
import { isField, Kbd, useCommands, usePulse } from '../lib/commands'
import { title } from '../lib/words'
import { Case } from './Case'
import { Content } from './Content'
import { Drawn, Guidelines } from './Guidelines'
import type { ReviewQueue, Shown } from './queue'
import { useAnswer, type Answer } from './useAnswer'
import { Why } from './Why'

type Props = { queue: ReviewQueue; shown: Shown; forSenior: boolean; foot: ReactNode }

/** The example and its form. */
export function Editor({ queue, shown, forSenior, foot }: Props) {
  const { work, form } = shown
  const answer = useAnswer(queue, shown)
  const [areGuidelinesOpen, setGuidelinesOpen] = useState(false), [isWhyOpen, setWhyOpen] = useState(false)
  useLayoutEffect(() => {
    // Keys are commands again, whatever was typed into for the example before.
    if (isField(document.activeElement)) (document.activeElement as HTMLElement).blur()
  }, [answer.turn])
  const hasGuidelines = !!form.guidelines || form.fields.some((field) => field.options.some((option) => option.description))
  const move = (by: number) => {
    const names = answer.asked.map((field) => field.name)
    answer.activate(names[(names.indexOf(answer.active) + by + names.length) % names.length] ?? answer.active)
  }
  useCommands([
    { id: 'accept', keys: ['Enter', 'a'], title: 'Accept what is shown', group: 'Label', run: () => answer.submit() },
    { id: 'send', keys: ['Mod+Enter'], title: 'The same, also while you type', group: 'Label', inField: true, run: () => answer.submit() },
    { id: 'next', keys: ['j', 'ArrowDown'], title: 'Next field', group: 'Label', enabled: answer.asked.length > 1, run: () => move(1) },
    { id: 'before', keys: ['k', 'ArrowUp'], title: 'Field before', group: 'Label', enabled: answer.asked.length > 1, run: () => move(-1) },
    { id: 'why', keys: ['w'], title: 'Why this draft', group: 'Queue', enabled: work.draft !== null, run: () => setWhyOpen((is) => !is) },
    { id: 'guide', keys: ['g'], title: 'Guidelines', group: 'Queue', enabled: hasGuidelines, run: () => setGuidelinesOpen((is) => !is) },
  ])
  const props = (name: string): FieldProps => {
    const field = form.fields.find((one) => one.name === name)!
    return {
      field, turn: answer.turn, value: answer.label[name] ?? null, draft: work.draft ? (work.draft[name] ?? null) : undefined, drafts: work.draft ?? {},
      alternatives: work.alternatives[name] ?? {}, content: work.content, label: answer.label, isAlone: form.fields.length === 1,
      isActive: answer.active === name, active: answer.active, set: (value) => answer.set(name, value),
      fields: form.fields, setOther: (other, value) => answer.set(other, value, name), finish: (value) => answer.finish(name, value),
    }
  }
  const staged = answer.asked.filter((field) => KINDS[field.kind]?.Stage && (KINDS[field.kind]!.isStaged?.(field, form.fields) ?? true))
  const covered = staged.flatMap((field) => KINDS[field.kind]!.covers?.(field) ?? [])
  const hasMore = Object.keys(work.content).some((name) => !covered.includes(name) && work.content[name] !== null)
  return (
    <>
      <div className="body">
        <section className="work" aria-label="Example" data-slot={work.slot_id}>
          <div className={`measure ${staged.some((field) => ['preference', 'boxes'].includes(field.kind)) ? 'broad' : ''}`}>
            <div className="meta"><span className="num">{work.example_id}</span>{work.note && <span className="chip"><bdi>{work.note}</bdi></span>}</div>
            {hasMore && <Content content={work.content} without={covered} />}
            {staged.map((field) => {
              const Stage = KINDS[field.kind]!.Stage!
              return <Stage key={field.name} {...props(field.name)} />
            })}
            <div className="helps">
              {work.draft && <Help word="Why this draft" k="W" isOpen={isWhyOpen} toggle={() => setWhyOpen((is) => !is)} />}
              {hasGuidelines && <Help word="Guidelines" k="G" isOpen={areGuidelinesOpen} toggle={() => setGuidelinesOpen((is) => !is)} />}
            </div>
            {isWhyOpen && <Why work={work} form={form} />}
            {areGuidelinesOpen && <Guidelines form={form} label={answer.label} />}
            {forSenior && <Case slotId={work.slot_id} form={form} content={work.content} take={(label) => answer.submit(label)} />}
          </div>
        </section>
        <aside className="side" aria-label="Label">
          {answer.asked.map((field) => (
            <Panel key={field.name} props={props(field.name)} isOneOfMany={form.fields.length > 1} activate={() => answer.activate(field.name)} />
          ))}
          {!answer.asked.length && <p className="muted">No field applies.</p>}
        </aside>
      </div>
      <footer className="foot"><Primary answer={answer} hasDraft={work.draft !== null} />{foot}</footer>
    </>
  )
}

function Help({ word, k, isOpen, toggle }: { word: string; k: string; isOpen: boolean; toggle: () => void }) {
  return <button className="why" aria-expanded={isOpen} onClick={toggle}><Kbd k={k} />{word}</button>
}

function Panel({ props, isOneOfMany, activate }: { props: FieldProps; isOneOfMany: boolean; activate: () => void }) {
  const { field, isActive } = props
  const View = KINDS[field.kind]?.Panel
  return (
    <section className={`question ${isOneOfMany && isActive ? 'on' : ''}`} aria-label={title(field.name)} onPointerDown={isActive ? undefined : activate}>
      {isOneOfMany && <h2 className="ask">{title(field.name)}{field.optional && <span className="muted"> if there is one</span>}</h2>}
      {field.description && <p className="hint"><IconInfoCircle size={14} /><Drawn text={field.description} isInline /></p>}
      {View ? <View {...props} /> : <p className="bad">This page cannot show fields of kind {field.kind} yet.</p>}
    </section>
  )
}

function Primary({ answer, hasDraft }: { answer: Answer; hasDraft: boolean }) {
  const pulse = usePulse()
  const lacks = answer.lacking[0]
  const word = lacks ? `Choose ${title(lacks).toLowerCase()}` : answer.isDraft ? 'Accept draft' : hasDraft ? 'Save correction' : 'Save label'
  return (
    <button className={`btn primary ${pulse === 'accept' ? 'pulse' : ''}`} onClick={() => answer.submit()} disabled={!!lacks} data-testid="primary">
      {word}<Kbd k="Enter" />
    </button>
  )
}
