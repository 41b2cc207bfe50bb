import './lead.css'
import { IconChartBar, IconMessage2Code, IconPlus, IconX } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { Link } from 'wouter'
import { api, take, type Project } from '../lib/api'
import { useAct } from '../lib/useAct'
import { count, dollars, moment, title } from '../lib/words'
import { Guidelines } from '../review/Guidelines'
import { Invitations } from './Invitations'
import { LimitForm } from './LimitForm'
import { Preview } from './Preview'
import { Retention } from './Retention'
import { useSchema } from './useSchema'

/** A project: what is labeled in it, its datasets, what it may spend, who sees it. */
export function ProjectPage({ name }: { name: string }) {
  const params = { path: { project: name } }
  const { data: project, error } = useQuery({
    queryKey: ['project', name],
    queryFn: () => take(api.GET('/v1/projects/{project}', { params })),
  })
  const datasets = useQuery({
    queryKey: ['datasets', name],
    queryFn: () => take(api.GET('/v1/projects/{project}/datasets', { params })),
  })
  if (error)
    return (
      <main className="page lead">
        <header>
          <h1>Project</h1>
        </header>
        <p className="bad" role="alert">
          {error.message}
        </p>
      </main>
    )
  if (!project) return <main className="page lead" aria-busy="true" />
  return (
    <main className="page lead">
      <header>
        <h1>
          <bdi>{title(name)}</bdi>
        </h1>
        <span className="muted">schema version {project.schema_version}</span>
        <span className="spring" />
        <Link className="btn" href={`/projects/${encodeURIComponent(name)}/figures`}>
          <IconChartBar size={17} />
          Figures
        </Link>
        <Link className="btn" href={`/projects/${encodeURIComponent(name)}/prompt`}>
          <IconMessage2Code size={17} />
          Prompt
        </Link>
        <Link className="btn primary" href={`/projects/${encodeURIComponent(name)}/new`}>
          <IconPlus size={17} />
          New run
        </Link>
      </header>
      <div className="columns">
        <section className="card panel" aria-label="What is labeled">
          <h2>What is labeled</h2>
          <Form project={project} />
        </section>
        <div>
          <Cap project={project} />
          <section className="card panel" aria-label="Datasets">
            <h2>Datasets</h2>
            {!datasets.data?.items.length && <p className="muted">None yet.</p>}
            <table>
              <tbody>
                {datasets.data?.items.map((one) => (
                  <tr key={one.id}>
                    <th scope="row">
                      <bdi>{one.name}</bdi>
                    </th>
                    <td>{count(one.examples)}</td>
                    <td>{moment(one.created_at)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
          <Retention project={name} />
          <Members project={name} />
        </div>
      </div>
    </main>
  )
}

function Form({ project }: { project: Project }) {
  const { checked } = useSchema(JSON.stringify(project.schema))
  if (!checked) return null
  return (
    <>
      {checked.guidelines && <Guidelines form={{ fields: [], guidelines: checked.guidelines }} label={{}} />}
      <Preview fields={checked.fields} guidelines={checked.guidelines} />
      <p>
        <Link className="btn" href={`/projects/${encodeURIComponent(project.name)}/schema`}>
          Change the schema
        </Link>
      </p>
    </>
  )
}

function Cap({ project }: { project: Project }) {
  const set = (cap: string | null) =>
    take(api.PUT('/v1/projects/{project}/cap', { params: { path: { project: project.name } }, body: { cap } }))
  return (
    <section className="card panel" aria-label="Money">
      <h2>Money</h2>
      <p className="sum num">
        <b>{dollars(project.spent)}</b> spent{project.cap !== null && <> of at most {dollars(project.cap)}</>}
      </p>
      <LimitForm
        label="All runs together, at most, in dollars"
        pattern="[0-9]*[.]?[0-9]+"
        without="no cap"
        takeAway="Take it away"
        isSet={project.cap !== null}
        set={set}
        queryKey={['project', project.name]}
      />
    </section>
  )
}

/** Who sees a project: everyone, until it has members. */
function Members({ project }: { project: string }) {
  const client = useQueryClient()
  const { act, fault, isBusy } = useAct()
  const [name, setName] = useState('')
  const params = { path: { project } }
  const { data } = useQuery({
    queryKey: ['members', project],
    queryFn: () => take(api.GET('/v1/projects/{project}/members', { params })),
  })
  const change = (doing: () => Promise<unknown>) =>
    act(async () => {
      await doing()
      await client.invalidateQueries({ queryKey: ['members', project] })
    })
  const add = async (event: FormEvent) => {
    event.preventDefault()
    if (
      await change(() =>
        take(api.PUT('/v1/projects/{project}/members/{name}', { params: { path: { project, name: name.trim() } } })),
      )
    )
      setName('')
  }
  return (
    <section className="card panel" aria-label="Members">
      <h2>Members</h2>
      <p className="muted">
        {data?.length
          ? 'Only they and admins see this project.'
          : 'Everyone sees this project. With its first member it is closed to all others.'}
      </p>
      <ul className="members">
        {(data ?? []).map((one) => (
          <li key={one.id} className="chip">
            <bdi>{one.name}</bdi>
            <button
              aria-label={`Remove ${one.name}`}
              disabled={isBusy}
              onClick={() =>
                void change(() =>
                  take(
                    api.DELETE('/v1/projects/{project}/members/{name}', {
                      params: { path: { project, name: one.name } },
                    }),
                  ),
                )
              }
            >
              <IconX size={13} />
            </button>
          </li>
        ))}
      </ul>
      <form className="inline" onSubmit={(event) => void add(event)}>
        <label>
          Name of a user
          <input className="box" value={name} required onChange={(event) => setName(event.target.value)} />
        </label>
        <button className="btn" type="submit" disabled={isBusy}>
          Add
        </button>
        {fault && (
          <p className="bad" role="alert">
            {fault}
          </p>
        )}
      </form>
      <Invitations project={project} />
    </section>
  )
}
