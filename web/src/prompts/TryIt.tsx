import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { api, take, type TrialIn } from '../lib/api'
import { ModelInput } from '../lead/ModelInput'
import { NoQuote } from '../lead/QuotePanel'
import { useAct } from '../lib/useAct'
import { dollars } from '../lib/words'
import { useSettled } from './usePrompts'

export type Asking = { model: string; confidence: 'stated' | 'logprobs' | 'samples' }
type Props = {
  project: string
  dataset: string
  text: string
  canTry: boolean
  models: string[]
  asking: Asking
  ask: (change: Partial<Asking>) => void
  started: (id: number) => void
}

/** On which examples a prompt is tried out, by which model, for how much at the most; what that will cost stands beside the button. */
export function TryIt({ project, dataset, text, canTry, models, asking, ask, started }: Props) {
  const client = useQueryClient()
  const { act, fault, isBusy } = useAct()
  const [size, setSize] = useState('5')
  const [named, setNamed] = useState('')
  const [cap, setCap] = useState('1')
  const names = named
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean)
  const body = {
    ...asking,
    model: asking.model.trim(),
    prompt: text,
    cap,
    examples: names.length ? names : Number(size),
  } as TrialIn
  const isReady = canTry && !!body.model && Number(cap) > 0 && (names.length > 0 || Number(size) > 0)
  const path = { project, dataset }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void act(async () => {
      const trial = await take(api.POST('/v1/projects/{project}/datasets/{dataset}/trials', { params: { path }, body }))
      client.setQueryData(['trial', trial.id], trial)
      started(trial.id)
    })
  }
  return (
    <form className="card panel try" aria-label="Try it out" onSubmit={submit}>
      <h2>Try it out</h2>
      <ModelInput model={asking.model} set={(model) => ask({ model })} known={models} required />
      <label>
        Its confidence
        <select
          className="box"
          value={asking.confidence}
          onChange={(event) => ask({ confidence: event.target.value as Asking['confidence'] })}
        >
          <option value="stated">as it states it</option>
          <option value="logprobs">by the probabilities of its words</option>
          <option value="samples">by how far five answers agree</option>
        </select>
      </label>
      <div className="two">
        <label>
          Examples
          <input
            className="box num"
            type="number"
            min="1"
            max="20"
            value={size}
            disabled={names.length > 0}
            onChange={(event) => setSize(event.target.value)}
          />
        </label>
        <label>
          At most, in dollars
          <input
            className="box num"
            inputMode="decimal"
            required
            pattern="[0-9]*[.]?[0-9]+"
            value={cap}
            onChange={(event) => setCap(event.target.value)}
          />
        </label>
      </div>
      <label>
        Or these examples, by id
        <input
          className="box"
          value={named}
          placeholder="t-1, t-7"
          onChange={(event) => setNamed(event.target.value)}
        />
        <small>Else those whose label is known come first.</small>
      </label>
      {isReady && <TrialQuote path={path} body={body} />}
      {fault && (
        <p className="bad lines" role="alert">
          {fault}
        </p>
      )}
      <button className="btn primary start" type="submit" disabled={!isReady || isBusy}>
        Try it on {names.length || size || 0} {(names.length || Number(size)) === 1 ? 'example' : 'examples'}
      </button>
      <p className="muted">Nobody reviews these drafts, and none becomes a label.</p>
    </form>
  )
}

/** What the trial will cost, asked anew whenever it is another one. */
function TrialQuote({ path, body }: { path: { project: string; dataset: string }; body: TrialIn }) {
  const asked = useSettled(body)
  const {
    data: quote,
    error,
    isPlaceholderData,
  } = useQuery({
    queryKey: ['trial-quote', path, asked],
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: () =>
      take(api.POST('/v1/projects/{project}/datasets/{dataset}/trials/quotes', { params: { path }, body: asked })),
  })
  if (error || !quote) return <NoQuote error={error} />
  const most = Math.min(Number(quote.most), Number(body.cap ?? quote.most))
  return (
    <div
      className={`quote ${isPlaceholderData || JSON.stringify(asked) !== JSON.stringify(body) ? 'old' : ''}`}
      data-testid="trial-quote"
      aria-live="polite"
    >
      <p className="sum num">
        <b>{dollars(quote.dollars.mean)}</b>{' '}
        {most > 0 ? `likely, ${dollars(most)} at the very most` : 'more: these answers were paid for before'}
      </p>
      {quote.notes.map((note) => (
        <p key={note} className="muted">
          {note}
        </p>
      ))}
    </div>
  )
}
