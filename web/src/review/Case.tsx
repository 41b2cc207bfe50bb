import { useQuery } from '@tanstack/react-query'
import { api, take as taken, type Form, type FormField, type Json, type Label } from '../lib/api'
import { Kbd, useCommands } from '../lib/commands'
import { wordDiff } from '../lib/diff'
import { inALine, inWords, summary } from '../lib/summary'
import { percent, shown, title } from '../lib/words'

type Props = { slotId: number; form: Form; content: Record<string, Json>; take: (label: Label) => void }
type Said = { label: Label | null }

/** What reviewers answered, side by side, and how examples like this one were settled; a key takes an answer as it is. */
export function Case({ slotId, form, content, take }: Props) {
  const { data } = useQuery({
    queryKey: ['case', slotId],
    queryFn: () => taken(api.GET('/v1/queue/{slot_id}/case', { params: { path: { slot_id: slotId } } })),
  })
  const answers = data?.answers ?? []
  const labeled = answers.filter((answer) => answer.label)
  useCommands([
    {
      id: 'take',
      keys: labeled.map((_, index) => `Alt+${index + 1}`),
      title: 'Take a reviewer’s answer',
      group: 'Disagreement',
      enabled: labeled.length > 0,
      run: (event) => take(labeled[+event.code.slice(-1) - 1]!.label as Label),
    },
  ])
  if (!data) return null
  return (
    <>
      <section className="case" aria-label="What reviewers answered">
        <p className="h">They do not agree</p>
        <div className="answers">
          {answers.map((answer, index) => (
            <article key={index} className="card opinion">
              <header>
                <b>
                  <bdi>{answer.reviewer}</bdi>
                </b>
                <span className="muted">
                  {answer.verdict}, {Math.round(answer.seconds)} s
                </span>
              </header>
              <dl>
                {form.fields.map((field) => (
                  <div key={field.name}>
                    {form.fields.length > 1 && <dt>{title(field.name)}</dt>}
                    <dd>
                      <Value
                        field={field}
                        content={content}
                        own={answer as Said}
                        others={(answers as Said[]).filter((other) => other !== answer)}
                        isApart={(data.apart[field.name] ?? 0) > 0}
                      />
                    </dd>
                  </div>
                ))}
              </dl>
              {answer.comment && (
                <p className="said">
                  <bdi>{shown(answer.comment)}</bdi>
                </p>
              )}
              {answer.label && (
                <button className="btn" onClick={() => take(answer.label as Label)}>
                  Take it
                  <Kbd k={`Alt+${labeled.indexOf(answer) + 1}`} />
                </button>
              )}
            </article>
          ))}
        </div>
      </section>
      <Alike slotId={slotId} form={form} answers={labeled as Said[]} />
    </>
  )
}

type ValueProps = { field: FormField; content: Record<string, Json>; own: Said; others: Said[]; isApart: boolean }

/** An answer's value; marked is what some other answer has not. */
function Value({ field, content, own, others, isApart }: ValueProps) {
  const parts = inWords(own.label?.[field.name], field, content)
  const rest = others.map((other) => inWords(other.label?.[field.name], field, content))
  if (!parts.length) return <bdi className={isApart ? 'differs' : ''}>–</bdi>
  const against = rest[0]?.join('\n')
  if (isApart && field.kind === 'text' && against) {
    return (
      <bdi>
        {wordDiff(against, parts.join('\n'))
          .filter((part) => !part.removed)
          .map((part, at) => (
            <span key={at} className={part.added ? 'differs' : ''}>
              {part.value}
            </span>
          ))}
      </bdi>
    )
  }
  return (
    <bdi>
      {parts.map((part, at) => (
        <span key={at}>
          {at > 0 && ', '}
          <span className={isApart && rest.some((other) => !other.includes(part)) ? 'differs' : ''}>{part}</span>
        </span>
      ))}
    </bdi>
  )
}

/** Settled examples that are most like this one; in colour where one of the answers would label this one the same. */
function Alike({ slotId, form, answers }: { slotId: number; form: Form; answers: Said[] }) {
  const { data } = useQuery({
    queryKey: ['similar', slotId],
    queryFn: () => taken(api.GET('/v1/queue/{slot_id}/similar', { params: { path: { slot_id: slotId } } })),
  })
  if (!data?.length) return null
  const said = answers.map(({ label }) => summary(label, form.fields, {}))
  return (
    <section className="similar" aria-label="Settled examples like it">
      <p className="h">Settled examples like it</p>
      <ul>
        {data.map((one) => {
          const label = summary(one.label, form.fields, one.content)
          return (
            <li key={one.example} className="card">
              <p>
                <bdi>{inALine(one.content)}</bdi>{' '}
                <span className="muted num">
                  <bdi>{one.example}</bdi>
                </span>
              </p>
              <b className={said.includes(label) ? 'as-one' : ''}>
                <bdi>{label}</bdi>
              </b>
              <span className="muted num" title="How near their words are">
                {percent(one.likeness)}
              </span>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
