import { lazy, Suspense, type ReactNode } from 'react'
import { Redirect, Route } from 'wouter'
import { reaches, useSession } from '../lib/session'

// Loaded when they are first opened: who only reviews loads none of them.
const ConflictsPage = lazy(() => import('../conflicts/ConflictsPage').then((page) => ({ default: page.ConflictsPage })))
const ExamplesPage = lazy(() => import('../examples/ExamplesPage').then((page) => ({ default: page.ExamplesPage })))
const RunsPage = lazy(() => import('../lead/RunsPage').then((page) => ({ default: page.RunsPage })))
const RunPage = lazy(() => import('../lead/RunPage').then((page) => ({ default: page.RunPage })))
const RunFigures = lazy(() => import('../figures/RunFigures').then((page) => ({ default: page.RunFigures })))
const ProjectFigures = lazy(() =>
  import('../figures/ProjectFigures').then((page) => ({ default: page.ProjectFigures })),
)
const ComparePage = lazy(() => import('../figures/ComparePage').then((page) => ({ default: page.ComparePage })))
const NewProject = lazy(() => import('../lead/NewProject').then((page) => ({ default: page.NewProject })))
const ProjectPage = lazy(() => import('../lead/ProjectPage').then((page) => ({ default: page.ProjectPage })))
const ChangePage = lazy(() => import('../lead/schema/ChangePage').then((page) => ({ default: page.ChangePage })))
const FeedbackPage = lazy(() => import('../feedback/FeedbackPage').then((page) => ({ default: page.FeedbackPage })))
const PromptPage = lazy(() => import('../prompts/PromptPage').then((page) => ({ default: page.PromptPage })))
const NewRun = lazy(() => import('../lead/NewRun').then((page) => ({ default: page.NewRun })))
const PeoplePage = lazy(() => import('../lead/PeoplePage').then((page) => ({ default: page.PeoplePage })))
const AccountPage = lazy(() => import('../lead/AccountPage').then((page) => ({ default: page.AccountPage })))

/** A page for those who may do this much; all others are sent home. */
function For({ role, children }: { role: string; children: ReactNode }) {
  const { data: session } = useSession()
  if (!reaches(session?.role ?? 'reviewer', role)) return <Redirect to="/" />
  return <Suspense fallback={<main className="page" aria-busy="true" />}>{children}</Suspense>
}

/** The routes that not everyone opens: those of seniors, leads and admins, and of one's own account; as elements, since a Switch looks
 *  at its children alone. */
export const routes = [
  <Route key="conflicts" path="/conflicts">
    <For role="senior">
      <ConflictsPage />
    </For>
  </Route>,
  <Route key="examples" path="/examples">
    <For role="lead">
      <ExamplesPage />
    </For>
  </Route>,
  <Route key="runs" path="/runs">
    <For role="lead">
      <RunsPage />
    </For>
  </Route>,
  <Route key="run" path="/runs/:id">
    {({ id }) => (
      <For role="lead">
        <RunPage key={id} id={Number(id)} />
      </For>
    )}
  </Route>,
  <Route key="run-figures" path="/runs/:id/figures">
    {({ id }) => (
      <For role="lead">
        <RunFigures key={id} id={Number(id)} />
      </For>
    )}
  </Route>,
  <Route key="project-figures" path="/projects/:name/figures">
    {({ name }) => (
      <For role="lead">
        <ProjectFigures key={name} name={decodeURIComponent(name)} />
      </For>
    )}
  </Route>,
  <Route key="compare" path="/compare">
    <For role="lead">
      <ComparePage />
    </For>
  </Route>,
  <Route key="new" path="/new">
    <For role="lead">
      <NewProject />
    </For>
  </Route>,
  <Route key="project" path="/projects/:name">
    {({ name }) => (
      <For role="lead">
        <ProjectPage key={name} name={decodeURIComponent(name)} />
      </For>
    )}
  </Route>,
  <Route key="new-run" path="/projects/:name/new">
    {({ name }) => (
      <For role="lead">
        <NewRun key={name} project={decodeURIComponent(name)} />
      </For>
    )}
  </Route>,
  <Route key="schema" path="/projects/:name/schema">
    {({ name }) => (
      <For role="lead">
        <ChangePage key={name} project={decodeURIComponent(name)} />
      </For>
    )}
  </Route>,
  <Route key="prompt" path="/projects/:name/prompt">
    {({ name }) => (
      <For role="lead">
        <PromptPage key={name} project={decodeURIComponent(name)} />
      </For>
    )}
  </Route>,
  <Route key="people" path="/people">
    <For role="admin">
      <PeoplePage />
    </For>
  </Route>,
  <Route key="feedback" path="/feedback">
    <For role="reviewer">
      <FeedbackPage />
    </For>
  </Route>,
  <Route key="me" path="/me">
    <For role="reviewer">
      <AccountPage />
    </For>
  </Route>,
]
