import './feedback.css'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Link } from 'wouter'
import { api, every, take, type Feedback, type Label } from '../lib/api'
import { useForm } from '../lib/runs'
import { useSession } from '../lib/session'
import { inWords } from '../lib/summary'
import { moment, shown, title } from '../lib/words'
import { Content } from '../review/Content'
import { Guidelines } from '../review/Guidelines'
import { markSeen, seen } from './news'

const AT_ONCE = 50

/** What seniors decided on one's own answers, the newest first. */
export function FeedbackPage() {
  const { data: session } = useSession()
  const user = session?.name ?? ''
  const [before] = useState(() => seen(user))
  const [shownNow, setShown] = useState(AT_ONCE)
  const { data: all, error } = useQuery({
    queryKey: ['feedback', user],
    staleTime: 0,
    queryFn: async () =>
      (
        await every((after) => take(api.GET('/v1/queue/feedback', { params: { query: { after, limit: 1000 } } })))
      ).reverse(),
  })
  const newest = all?.[0]?.id
  useEffect(() => {
    if (newest) markSeen(user, newest)
  }, [user, newest])
  return (
    <main className="page feedback">
      <header>
        <h1>Feedback</h1>
        <span className="spring" />
        <Link className="btn" href="/">
          Back to review
        </Link>
      </header>
      {error && (
        <p className="bad" role="alert">
          {error.message}
        </p>
      )}
      {all && !all.length && (
        <div className="nothing">
          <h2>No feedback yet</h2>
          <p className="muted">
            Where reviewers disagree, a senior decides. In runs that show it, what was decided on your answers appears
            here.
          </p>
        </div>
      )}
      <ol>
        {all?.slice(0, shownNow).map((one) => (
          <li key={one.id}>
            <Told told={one} isNew={one.id > before} />
          </li>
        ))}
      </ol>
      {all && all.length > shownNow && (
        <button className="btn" onClick={() => setShown((now) => now + AT_ONCE)}>
          Show earlier ones
        </button>
      )}
    </main>
  )
}

function Told({ told, isNew }: { told: Feedback; isNew: boolean }) {
  const { data: form } = useForm(told.run_id)
  const isSame = Object.values(told.distances).every((distance) => distance === 0)
  const fields = form?.fields ?? []
  const said = (label: Label | null, name: string) => {
    const field = fields.find((one) => one.name === name)!
    return (label && inWords(label[name], field, told.content).join(', ')) || '–'
  }
  return (
    <article className="card told" aria-label={`Example ${told.example_id}`}>
      <header>
        <b className="num">
          <bdi>{shown(told.example_id)}</bdi>
        </b>
        <span className="muted">
          <bdi>{form && title(form.project)}</bdi>, {moment(told.created_at)}
        </span>
        <span className="spring" />
        {isNew && <span className="chip">new</span>}
        <span className={`chip ${isSame ? '' : 'warn'}`}>
          {isSame ? 'settled as you answered' : 'settled otherwise'}
        </span>
      </header>
      <Content content={told.content} without={[]} />
      {form && (
        <table>
          <thead>
            <tr>
              {fields.length > 1 && <th scope="col">Field</th>}
              <th scope="col">Your answer</th>
              <th scope="col">The senior’s decision</th>
            </tr>
          </thead>
          <tbody>
            {fields.map(({ name }) => (
              <tr key={name} className={told.distances[name] ? 'apart' : ''}>
                {fields.length > 1 && <th scope="row">{title(name)}</th>}
                <td>
                  <bdi>{said(told.yours as Label | null, name)}</bdi>
                </td>
                <td data-testid="settled">
                  <bdi>{said(told.settled, name)}</bdi>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {told.comment && (
        <p className="why-so">
          <b>Why</b> <bdi>{shown(told.comment)}</bdi>
        </p>
      )}
      {form && <ByGuidelines form={form} label={told.settled} />}
    </article>
  )
}

/** What the guidelines say of the label that holds, once it is asked for. */
function ByGuidelines({ form, label }: { form: Parameters<typeof Guidelines>[0]['form']; label: Label }) {
  const [isOpen, setOpen] = useState(false)
  const hasAny =
    form.guidelines ||
    form.fields.some((field) => field.options.some((option) => option.description || option.examples.length))
  if (!hasAny) return null
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>What the guidelines say</summary>
      {isOpen && <Guidelines form={form} label={label} />}
    </details>
  )
}
