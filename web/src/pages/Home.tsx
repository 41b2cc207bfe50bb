import { Link } from 'wouter'
import { FeedbackLink } from '../feedback/news'
import { useRuns } from '../lib/runs'
import { reaches, useSession } from '../lib/session'
import { count, title } from '../lib/words'

/** Where there is something to review. */
export function Home() {
  const { data: runs = [], error, isSuccess } = useRuns(30_000)
  const { data: session } = useSession()
  const isLead = reaches(session?.role ?? 'reviewer', 'lead')
  const waiting = runs.filter((run) => (run.places.queued ?? 0) > 0)
  return (
    <main className="page">
      <header>
        <h1>Review</h1>
        <span className="spring" />
        <FeedbackLink />
        {waiting.length > 0 && (
          <Link className="btn primary" href="/review">
            Review all, most useful first
          </Link>
        )}
      </header>
      {error && (
        <p className="bad" role="alert">
          {error.message}
        </p>
      )}
      {isSuccess && !runs.length && (
        <div className="nothing">
          <h2>Nothing to review yet</h2>
          {isLead ? (
            <>
              <p className="muted">
                Make a project and start a run, here or with <code>prelabel submit</code>: what needs a person appears
                here.
              </p>
              <Link className="btn primary" href="/runs">
                Begin
              </Link>
            </>
          ) : (
            <p className="muted">What needs a person appears here, as soon as a lead has started a run.</p>
          )}
        </div>
      )}
      <ul className="runs">
        {runs.map((run) => (
          <li key={run.id} className="card">
            <div>
              <b>
                <bdi>{title(run.project)}</bdi>
              </b>
              <span className="muted">
                <bdi>{run.dataset}</bdi>, run {run.id}, {run.stage}
              </span>
            </div>
            <Share places={run.places} />
            <span className="num muted">{count(run.places.settled ?? 0)} settled</span>
            {(run.places.queued ?? 0) > 0 ? (
              <Link className="btn" href={`/review/${run.id}`}>
                Review <b className="num">{count(run.places.queued ?? 0)}</b>
              </Link>
            ) : (
              <span className="muted">Nothing queued</span>
            )}
          </li>
        ))}
      </ul>
    </main>
  )
}

function Share({ places }: { places: Record<string, number> }) {
  const all = Object.values(places).reduce((a, b) => a + b, 0) || 1
  const settled = (100 * (places.settled ?? 0)) / all
  return (
    <span className="meter" role="img" aria-label={`${Math.round(settled)} % settled`}>
      <span style={{ width: `${settled}%` }} />
    </span>
  )
}
