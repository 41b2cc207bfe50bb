import { IconInfoCircle } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { KINDS } from '../kinds'
import type { FieldProps } from '../kinds/view'
import type { Form, Work } from '../lib/api'
import { title } from '../lib/words'
import { Content } from './Content'
import { Drawn } from './Guidelines'
import type { Answer } from './useAnswer'

type Props = { work: Work; form: Form; answer: Answer; children?: ReactNode }

/** What is to be labeled and the fields to fill in; `children` stand beneath the former. */
export function Body({ work, form, answer, children }: Props) {
  const props = (name: string): FieldProps => {
    const field = form.fields.find((one) => one.name === name)!
    return {
      field,
      turn: answer.turn,
      value: answer.label[name] ?? null,
      draft: work.draft ? (work.draft[name] ?? null) : undefined,
      drafts: work.draft ?? {},
      alternatives: work.alternatives[name] ?? {},
      content: work.content,
      label: answer.label,
      isAlone: form.fields.length === 1,
      isActive: answer.active === name,
      active: answer.active,
      set: (value) => answer.set(name, value),
      fields: form.fields,
      setOther: (other, value) => answer.set(other, value, name),
      finish: (value) => answer.finish(name, value),
    }
  }
  const staged = answer.asked.filter(
    (field) => KINDS[field.kind]?.Stage && (KINDS[field.kind]!.isStaged?.(field, form.fields) ?? true),
  )
  const covered = staged.flatMap((field) => KINDS[field.kind]!.covers?.(field) ?? [])
  const hasMore = Object.keys(work.content).some((name) => !covered.includes(name) && work.content[name] !== null)
  return (
    <div className="body">
      <section className="work" aria-label="Example" data-slot={work.slot_id}>
        <div
          className={`measure ${staged.some((field) => ['preference', 'boxes'].includes(field.kind)) ? 'broad' : ''}`}
        >
          <div className="meta">
            <span className="num">{work.example_id}</span>
            {work.note && (
              <span className="chip">
                <bdi>{work.note}</bdi>
              </span>
            )}
          </div>
          {hasMore && <Content content={work.content} without={covered} />}
          {staged.map((field) => {
            const Stage = KINDS[field.kind]!.Stage!
            return <Stage key={field.name} {...props(field.name)} />
          })}
          {children}
        </div>
      </section>
      <aside className="side" aria-label="Label">
        {answer.asked.map((field) => (
          <Panel
            key={field.name}
            props={props(field.name)}
            isOneOfMany={form.fields.length > 1}
            activate={() => answer.activate(field.name)}
          />
        ))}
        {!answer.asked.length && <p className="muted">No field applies.</p>}
      </aside>
    </div>
  )
}

function Panel({ props, isOneOfMany, activate }: { props: FieldProps; isOneOfMany: boolean; activate: () => void }) {
  const { field, isActive } = props
  const View = KINDS[field.kind]?.Panel
  return (
    <section
      className={`question ${isOneOfMany && isActive ? 'on' : ''}`}
      aria-label={title(field.name)}
      onPointerDown={isActive ? undefined : activate}
    >
      {isOneOfMany && (
        <h2 className="ask">
          {title(field.name)}
          {field.optional && <span className="muted"> if there is one</span>}
        </h2>
      )}
      {field.description && (
        <p className="hint">
          <IconInfoCircle size={14} />
          <Drawn text={field.description} isInline />
        </p>
      )}
      {View ? <View {...props} /> : <p className="bad">This page cannot show fields of kind {field.kind} yet.</p>}
    </section>
  )
}
