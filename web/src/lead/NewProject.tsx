import './lead.css'
import { useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { useLocation } from 'wouter'
import { api, Failure, take } from '../lib/api'
import { useAct } from '../lib/useAct'
import { GuidelinesEntry } from './GuidelinesEntry'
import { SchemaEditor } from './SchemaEditor'
import { Seen } from './Seen'
import { BEGINNING, joined, slug } from './snippets'
import { useSchema } from './useSchema'

/** What is to be labeled: a name, a schema with its form beside it, and guidelines. */
export function NewProject() {
  const client = useQueryClient()
  const [, go] = useLocation()
  const { act, fault, isBusy } = useAct()
  const [name, setName] = useState('')
  const [text, setText] = useState(BEGINNING)
  const [guidelines, setGuidelines] = useState('')
  const whole = joined(text, guidelines)
  const { checked, error, isCurrent } = useSchema(whole)
  const faults = checked?.faults ?? []
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void act(async () => {
      await refuseTaken(slug(name))
      await take(
        api.PUT('/v1/projects/{project}', { params: { path: { project: slug(name) } }, body: { schema: whole } }),
      )
      await client.invalidateQueries({ queryKey: ['projects'] })
      go(`/projects/${slug(name)}/new`)
    })
  }
  return (
    <main className="page lead wide">
      <header>
        <h1>New project</h1>
        <ol className="way" aria-label="Steps">
          <li aria-current="step">What to label</li>
          <li>Examples and model</li>
          <li>Review</li>
        </ol>
        <button
          className="btn primary"
          type="submit"
          form="project"
          disabled={isBusy || !isCurrent || faults.length > 0 || !slug(name)}
        >
          Create project
        </button>
      </header>
      <form id="project" className="halves" onSubmit={submit}>
        <div className="half">
          <label className="entry">
            <span className="h">Name</span>
            <input
              value={name}
              onChange={(event) => setName(event.target.value)}
              required
              autoFocus
              placeholder="support_tickets"
              maxLength={64}
            />
          </label>
          {fault && (
            <p className="bad" role="alert">
              {fault}
            </p>
          )}
          {name && slug(name) !== name && (
            <p className="muted">
              It will be called <code>{slug(name) || '…'}</code>.
            </p>
          )}
          <h2>Fields</h2>
          <SchemaEditor text={text} set={setText} faults={faults} />
          <GuidelinesEntry schema={text} value={guidelines} set={setGuidelines} />
        </div>
        <div className="half">
          <Seen checked={checked} error={error} />
        </div>
      </form>
    </main>
  )
}

/** A project of this name would get another schema instead. */
async function refuseTaken(name: string): Promise<void> {
  const found = await take(api.GET('/v1/projects/{project}', { params: { path: { project: name } } })).catch(
    (error: Failure) => {
      if (error.status === 404) return null
      throw error
    },
  )
  if (found) throw new Failure(409, `There is a project "${name}" already.`)
}
