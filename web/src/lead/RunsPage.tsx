import './lead.css'
import { IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { api, every, take, type Project, type Run } from '../lib/api'
import { useRuns } from '../lib/runs'
import { count, dollars, title } from '../lib/words'
import { Places } from './Places'

const LOOK_AGAIN = 5_000

/** All projects with their runs, the newest first. */
export function RunsPage() {
  const projects = useQuery({
    queryKey: ['projects'],
    queryFn: () => every((after) => take(api.GET('/v1/projects', { params: { query: { after, limit: 500 } } }))),
  })
  const runs = useRuns(LOOK_AGAIN)
  const error = projects.error ?? runs.error
  const hasNone = projects.data?.length === 0
  return (
    <main className="page lead">
      <header>
        <h1>Runs</h1>
        <span className="spring" />
        {!hasNone && <NewProject />}
      </header>
      {error && (
        <p className="bad" role="alert">
          {error.message}
        </p>
      )}
      {hasNone && <FirstSteps />}
      {[...(projects.data ?? [])].reverse().map((project) => (
        <OfProject
          key={project.name}
          project={project}
          runs={(runs.data ?? []).filter((run) => run.project === project.name)}
          isLoading={runs.isPending}
        />
      ))}
    </main>
  )
}

const NewProject = () => (
  <Link className="btn primary" href="/new">
    <IconPlus size={17} />
    New project
  </Link>
)

/** What to do with an empty server. */
export function FirstSteps() {
  return (
    <section className="first card">
      <h2>Label your first dataset</h2>
      <ol>
        <li>
          <b>Say what to label.</b> A project has fields, such as a category or a rating, and guidelines.
        </li>
        <li>
          <b>Bring examples in.</b> A file of texts, conversations or images: JSON Lines, CSV, Parquet and others.
        </li>
        <li>
          <b>Let a model draft.</b> You see what it will cost first. What it is not sure of goes to people.
        </li>
      </ol>
      <div className="acts">
        <NewProject />
      </div>
      <p className="muted">
        Or at a terminal: <code>prelabel submit examples.jsonl --schema schema.yaml</code>
      </p>
    </section>
  )
}

function OfProject({ project, runs, isLoading }: { project: Project; runs: Run[]; isLoading: boolean }) {
  const at = `/projects/${encodeURIComponent(project.name)}`
  return (
    <section className="of-project" aria-label={project.name}>
      <div className="head">
        <h2>
          <Link href={at}>
            <bdi>{title(project.name)}</bdi>
          </Link>
        </h2>
        <span className="muted num">
          {dollars(project.spent)} spent{project.cap !== null && <> of {dollars(project.cap)}</>}
        </span>
        <span className="spring" />
        <Link className="btn" href={`${at}/new`}>
          <IconPlus size={16} />
          New run
        </Link>
      </div>
      {!runs.length && !isLoading && <p className="muted none">No run yet: bring examples in and start one.</p>}
      <ul className="runs">
        {runs.map((run) => (
          <OneRun key={run.id} run={run} />
        ))}
      </ul>
    </section>
  )
}

function OneRun({ run }: { run: Run }) {
  const all = Object.values(run.places).reduce((a, b) => a + b, 0)
  return (
    <li className="card">
      <div>
        <Link className="whole" href={`/runs/${run.id}`}>
          <b>Run {run.id}</b>{' '}
          <span className="muted">
            <bdi>{run.dataset}</bdi>
          </span>
        </Link>
        <span className="muted">
          <bdi>{run.model}</bdi>
        </span>
      </div>
      <Places places={run.places} isSmall />
      <span className="num muted">
        {count(run.places.settled ?? 0)} of {count(all)}
      </span>
      <Stage run={run} />
    </li>
  )
}

const TONES: Record<string, string> = {
  paused: 'warn',
  over_budget: 'warn',
  cancelled: 'warn',
  drafting: 'draft',
  done: 'human',
}

/** How far a run is, in a word. */
export function Stage({ run }: { run: Run }) {
  return <span className={`chip ${TONES[run.stage] ?? ''}`}>{title(run.stage)}</span>
}
