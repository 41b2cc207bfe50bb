import './lead.css'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation, useSearch } from 'wouter'
import { api, take } from '../lib/api'
import { useAct } from '../lib/useAct'
import { count, title } from '../lib/words'
import { Drafter } from './Drafter'
import { begunWith, lacks, planOf, type Choice } from './plan'
import { PolicyForm } from './PolicyForm'
import { QuotePanel } from './QuotePanel'
import { slug } from './snippets'
import { Upload } from './Upload'

/** A run of a project: its examples, who drafts, what is accepted, what that will cost; and the start. */
export function NewRun({ project }: { project: string }) {
  const client = useQueryClient()
  const [, go] = useLocation()
  const { act, fault, isBusy } = useAct()
  const [choice, setChoice] = useState<Choice>(begunWith(useSearch()))
  const [picked, setPicked] = useState('')
  const params = { path: { project } }
  const about = useQuery({
    queryKey: ['project', project],
    queryFn: () => take(api.GET('/v1/projects/{project}', { params })),
  })
  const datasets = useQuery({
    queryKey: ['datasets', project],
    queryFn: () => take(api.GET('/v1/projects/{project}/datasets', { params })),
  })
  const there = datasets.data?.items ?? []
  const dataset = there.find((one) => one.name === picked) ?? (picked ? undefined : there.at(-1))
  const isReady = (dataset?.examples ?? 0) > 0 && !lacks(choice)
  const set = (change: Partial<Choice>) => setChoice((before) => ({ ...before, ...change }))
  const start = () =>
    act(async () => {
      const path = { project, dataset: dataset!.name }
      const run = await take(
        api.POST('/v1/projects/{project}/datasets/{dataset}/runs', { params: { path }, body: planOf(choice) }),
      )
      await client.invalidateQueries({ queryKey: ['runs'] })
      go(`/runs/${run.id}`)
    })
  if (about.error)
    return (
      <main className="page lead">
        <header>
          <h1>New run</h1>
        </header>
        <p className="bad" role="alert">
          {about.error.message}
        </p>
      </main>
    )
  return (
    <main className="page lead wide">
      <header>
        <h1>
          New run of <bdi>{title(project)}</bdi>
        </h1>
        <ol className="way" aria-label="Steps">
          <li>What to label</li>
          <li aria-current="step">Examples and model</li>
          <li>Review</li>
        </ol>
      </header>
      <div className="halves run">
        <div className="half">
          <section className="card panel" aria-label="Examples">
            <h2>Examples</h2>
            <Datasets there={there} chosen={picked || dataset?.name || 'first'} choose={setPicked} />
            <Upload
              key={picked || dataset?.name || 'first'}
              project={project}
              dataset={picked || dataset?.name || 'first'}
              hasImages={JSON.stringify(about.data?.schema ?? {}).includes('"boxes"')}
              done={() => {
                void client.invalidateQueries({ queryKey: ['datasets', project] })
                void client.invalidateQueries({ queryKey: ['quote'] })
              }}
            />
          </section>
          <section className="card panel" aria-label="Who drafts">
            <h2>Who drafts</h2>
            <Drafter project={project} choice={choice} set={set} />
          </section>
          <section className="card panel" aria-label="What is accepted">
            <h2>What is accepted, and what people do</h2>
            <PolicyForm choice={choice} set={set} />
          </section>
        </div>
        <aside className="half">
          <div className="card panel sticky">
            <h2>Before it starts</h2>
            {dataset ? (
              <p className="num">
                {count(dataset.examples)} examples in <bdi>{dataset.name}</bdi>.
              </p>
            ) : (
              <p className="muted">Bring examples in first.</p>
            )}
            {lacks(choice) && <p className="muted">{lacks(choice)}</p>}
            {isReady && (
              <QuotePanel
                project={project}
                dataset={dataset!.name}
                examples={dataset!.examples}
                plan={planOf(choice)}
              />
            )}
            {fault && (
              <p className="bad lines" role="alert">
                {fault}
              </p>
            )}
            <button className="btn primary start" disabled={!isReady || isBusy} onClick={() => void start()}>
              Start the run
            </button>
          </div>
        </aside>
      </div>
    </main>
  )
}

type DatasetsProps = {
  there: { id: number; name: string; examples: number }[]
  chosen: string
  choose: (name: string) => void
}

/** Which dataset is drafted: one that there is, or a new one. */
function Datasets({ there, chosen, choose }: DatasetsProps) {
  const isNew = !there.some((one) => one.name === chosen)
  if (!there.length)
    return (
      <label className="entry">
        <span className="h">Name of the dataset</span>
        <input value={chosen} onChange={(event) => choose(slug(event.target.value))} />
      </label>
    )
  return (
    <div className="inline">
      <label>
        Dataset
        <select
          className="box"
          value={isNew ? '' : chosen}
          onChange={(event) => choose(event.target.value || `${there.at(-1)!.name}-2`)}
        >
          {there.map((one) => (
            <option key={one.id} value={one.name}>
              {one.name} ({count(one.examples)})
            </option>
          ))}
          <option value="">a new one</option>
        </select>
      </label>
      {isNew && (
        <label>
          Its name
          <input className="box" value={chosen} onChange={(event) => choose(slug(event.target.value))} />
        </label>
      )}
    </div>
  )
}
