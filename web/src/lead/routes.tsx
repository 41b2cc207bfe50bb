import { lazy, Suspense, type ReactNode } from 'react'
import { Redirect, Route } from 'wouter'
import { reaches, useSession } from '../lib/session'

// Loaded when they are first opened: who only reviews loads none of them.
const RunsPage = lazy(() => import('./RunsPage').then((page) => ({ default: page.RunsPage })))
const RunPage = lazy(() => import('./RunPage').then((page) => ({ default: page.RunPage })))
const NewProject = lazy(() => import('./NewProject').then((page) => ({ default: page.NewProject })))
const ProjectPage = lazy(() => import('./ProjectPage').then((page) => ({ default: page.ProjectPage })))
const ChangePage = lazy(() => import('./schema/ChangePage').then((page) => ({ default: page.ChangePage })))
const NewRun = lazy(() => import('./NewRun').then((page) => ({ default: page.NewRun })))
const PeoplePage = lazy(() => import('./PeoplePage').then((page) => ({ default: page.PeoplePage })))
const AccountPage = lazy(() => import('./AccountPage').then((page) => ({ default: page.AccountPage })))

/** A page for those who may do this much; all others are sent home. */
function For({ role, children }: { role: string; children: ReactNode }) {
  const { data: session } = useSession()
  if (!reaches(session?.role ?? 'reviewer', role)) return <Redirect to="/" />
  return <Suspense fallback={<main className="page" aria-busy="true" />}>{children}</Suspense>
}

/** The routes of leads and admins, and of everyone's own account; as elements, since a Switch looks at its children alone. */
export const leadRoutes = [
  <Route key="runs" path="/runs"><For role="lead"><RunsPage /></For></Route>,
  <Route key="run" path="/runs/:id">{({ id }) => <For role="lead"><RunPage key={id} id={Number(id)} /></For>}</Route>,
  <Route key="new" path="/new"><For role="lead"><NewProject /></For></Route>,
  <Route key="project" path="/projects/:name">{({ name }) => <For role="lead"><ProjectPage key={name} name={decodeURIComponent(name)} /></For>}</Route>,
  <Route key="schema" path="/projects/:name/schema">{({ name }) => <For role="lead"><ChangePage key={name} project={decodeURIComponent(name)} /></For>}</Route>,
  <Route key="new-run" path="/projects/:name/new">{({ name }) => <For role="lead"><NewRun key={name} project={decodeURIComponent(name)} /></For>}</Route>,
  <Route key="people" path="/people"><For role="admin"><PeoplePage /></For></Route>,
  <Route key="me" path="/me"><For role="reviewer"><AccountPage /></For></Route>,
]
