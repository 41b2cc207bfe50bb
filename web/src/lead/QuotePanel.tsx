import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { api, take, type RunIn } from '../lib/api'
import { dollars } from '../lib/words'

type Props = { project: string; dataset: string; examples: number; plan: RunIn }

const AFTER = 400

/** What the run would cost, asked anew whenever it is planned otherwise. Nothing is spent for it. */
export function QuotePanel({ project, dataset, examples, plan }: Props) {
  const key = JSON.stringify(plan)
  const [asked, setAsked] = useState(key)
  useEffect(() => {
    const timer = setTimeout(() => setAsked(key), AFTER)
    return () => clearTimeout(timer)
  }, [key])
  const {
    data: quote,
    error,
    isFetching,
  } = useQuery({
    queryKey: ['quote', project, dataset, examples, asked],
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: () =>
      take(
        api.POST('/v1/projects/{project}/datasets/{dataset}/quotes', {
          params: { path: { project, dataset } },
          body: JSON.parse(asked) as RunIn,
        }),
      ),
  })
  if (error || !quote) return <NoQuote error={error} />
  const isFree = Number(quote.most) === 0
  return (
    <div className={`quote ${isFetching || asked !== key ? 'old' : ''}`} data-testid="quote" aria-live="polite">
      {isFree ? (
        <p className="sum">
          <b>$0.00</b> for the model
        </p>
      ) : (
        <>
          <p className="sum num">
            <b>{dollars(quote.dollars.mean)}</b> for the model
          </p>
          <dl className="num">
            <div>
              <dt>Likely</dt>
              <dd>
                {dollars(quote.dollars.low)} to {dollars(quote.dollars.high)}
              </dd>
            </div>
            <div>
              <dt>At the very most</dt>
              <dd>{dollars(quote.most)}</dd>
            </div>
            <div>
              <dt>For one example</dt>
              <dd>{dollars(quote.per_example)}</dd>
            </div>
          </dl>
        </>
      )}
      <p className="muted num">
        By hand alone: {dollars(quote.by_hand.dollars)} ({quote.by_hand.basis}).
      </p>
      {quote.notes.map((note) => (
        <p key={note} className="muted">
          {note}
        </p>
      ))}
    </div>
  )
}

/** What stands where a quote will: that it is being worked out, or why there is none. */
export function NoQuote({ error }: { error: Error | null }) {
  if (!error)
    return (
      <p className="muted" role="status">
        Working out what it will cost.
      </p>
    )
  return (
    <p className="bad lines" role="alert">
      {error.message}
    </p>
  )
}
