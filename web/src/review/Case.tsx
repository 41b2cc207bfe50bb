import { useQuery } from '@tanstack/react-query'
import { KINDS } from '../kinds'
import { api, take as taken, type Form, type Label } from '../lib/api'
import { Kbd, useCommands } from '../lib/commands'
import { title } from '../lib/words'

type Props = { slotId: number; form: Form; take: (label: Label) => void }

/** What reviewers answered, side by side; a key takes one as it is. */
export function Case({ slotId, form, take }: Props) {
  const { data } = useQuery({
    queryKey: ['case', slotId],
    queryFn: () => taken(api.GET('/v1/queue/{slot_id}/case', { params: { path: { slot_id: slotId } } })),
  })
  const answers = data?.answers ?? []
  const labeled = answers.filter((answer) => answer.label)
  useCommands([
    {
      id: 'take', keys: labeled.map((_, index) => `Alt+${index + 1}`), title: 'Take a reviewer’s answer', group: 'Disagreement', enabled: labeled.length > 0,
      run: (event) => take(labeled[+event.code.slice(-1) - 1]!.label as Label),
    },
  ])
  if (!data) return null
  return (
    <section className="case" aria-label="What reviewers answered">
      <p className="h">They do not agree</p>
      <div className="answers">
        {answers.map((answer, index) => (
          <article key={index} className="card opinion">
            <header><b><bdi>{answer.reviewer}</bdi></b><span className="muted">{answer.verdict}, {Math.round(answer.seconds)} s</span></header>
            <dl>
              {form.fields.map((field) => {
                const value = (answer.label as Label | null)?.[field.name]
                return (
                  <div key={field.name} className={(data.apart[field.name] ?? 0) > 0 ? 'apart' : ''}>
                    {form.fields.length > 1 && <dt>{title(field.name)}</dt>}
                    <dd><bdi>{value === null || value === undefined ? '–' : (KINDS[field.kind]?.summary(value, field) ?? JSON.stringify(value))}</bdi></dd>
                  </div>
                )
              })}
            </dl>
            {answer.comment && <p className="said"><bdi>{answer.comment}</bdi></p>}
            {answer.label && <button className="btn" onClick={() => take(answer.label as Label)}>Take it<Kbd k={`Alt+${labeled.indexOf(answer) + 1}`} /></button>}
          </article>
        ))}
      </div>
    </section>
  )
}
