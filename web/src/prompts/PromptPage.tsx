import '../lead/lead.css'
import './prompts.css'
import { IconArrowBackUp } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Link } from 'wouter'
import { useModels } from '../lead/Drafter'
import { Faults, LineEditor } from '../lead/LineEditor'
import { useAddress } from '../lib/address'
import { api, take } from '../lib/api'
import { useRuns } from '../lib/runs'
import { title } from '../lib/words'
import { ExampleChoice } from './ExampleChoice'
import { Messages } from './Messages'
import { Tried } from './Tried'
import { Trials, useTrials } from './Trials'
import { TryIt, type Asking } from './TryIt'
import { titled, useChecked, useKnownPrompts } from './usePrompts'
import { Variables } from './Variables'
import { write, written } from './written'

/** The prompt of a project: written beside what a model would be sent, tried out on a few examples, and taken into a run. */
export function PromptPage({ project }: { project: string }) {
  const known = useKnownPrompts(project)
  const tried = useTrials(project),
    runs = useRuns()
  const trials = tried.data ?? []
  const models = useModels()
  const [begun, go] = useAddress()
  const [text, setText] = useState(written(project))
  const [before, setBefore] = useState<string>()
  const [dataset, setDataset] = useState('')
  const [example, setExample] = useState('')
  const [picked, setPicked] = useState<number>()
  const [asked, setAsked] = useState<Partial<Asking>>({})
  const params = { path: { project } }
  const datasets = useQuery({
    queryKey: ['datasets', project],
    queryFn: () => take(api.GET('/v1/projects/{project}/datasets', { params })),
  })
  const there = (datasets.data?.items ?? []).filter((one) => one.examples)
  const chosen = dataset || (there.at(-1)?.name ?? '')
  const asking: Asking = { model: trials[0]?.steps.at(-1)?.model ?? models[0] ?? '', confidence: 'stated', ...asked }
  const { checked, error, isCurrent } = useChecked(project, {
    text,
    dataset: chosen,
    example,
    ...asking,
    model: asking.model.trim() || 'student',
  })
  const set = (next: string) => {
    setText(next)
    write(project, next)
  }
  const begin = (digest: string) => {
    const found = known.data?.find((one) => one.digest.startsWith(digest))
    if (!found || found.text === text) return
    if (text && !known.data?.some((one) => one.text === text)) setBefore(text)
    set(found.text)
  }
  useEffect(() => {
    const wanted = new URLSearchParams(begun).get('from') ?? (text ? null : known.data?.[0]?.digest)
    if (!known.data || !wanted) return
    begin(wanted)
    if (begun) go('')
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once, as it becomes known which prompts there are
  }, [known.data])
  const used = known.data?.find((one) => one.text === text)
  const faults = checked?.faults ?? []
  const holds = isCurrent && !faults.length
  if (known.error)
    return (
      <main className="page lead">
        <header>
          <h1>Prompt</h1>
        </header>
        <p className="bad" role="alert">
          {known.error.message}
        </p>
      </main>
    )
  const run = `/projects/${encodeURIComponent(project)}/new?prompt=${used?.digest.slice(0, 12)}&model=${encodeURIComponent(asking.model)}`
  return (
    <main className="page lead wide prompts">
      <header>
        <h1>
          Prompt of{' '}
          <Link href={`/projects/${encodeURIComponent(project)}`}>
            <bdi>{title(project)}</bdi>
          </Link>
        </h1>
        <span className="spring" />
        {used ? (
          <Link className="btn primary" href={run}>
            Start a run with this prompt
          </Link>
        ) : (
          <span className="muted">Try it out, then it can be taken into a run.</span>
        )}
      </header>
      <div className="halves">
        <div className="half">
          <div className="inline begin">
            <label>
              Begin with
              <select className="box" value={used?.digest ?? ''} onChange={(event) => begin(event.target.value)}>
                {!used && <option value="">one of your own</option>}
                {known.data?.map((one) => (
                  <option key={one.digest} value={one.digest}>
                    {titled(one)}
                  </option>
                ))}
              </select>
            </label>
            {before !== undefined && (
              <button
                className="btn"
                onClick={() => {
                  set(before)
                  setBefore(undefined)
                }}
              >
                <IconArrowBackUp size={17} />
                Back to what you wrote
              </button>
            )}
          </div>
          <LineEditor id="prompt" label="Prompt" text={text} set={set} faults={faults} />
          <Faults of="prompt" faults={faults} />
          <Variables variables={checked?.variables ?? {}} />
        </div>
        <div className="half">
          <div className="card panel sticky sent" tabIndex={0} role="region" aria-label="What the model is sent">
            <h2>What the model is sent</h2>
            {chosen && (
              <ExampleChoice
                examples={checked?.examples ?? []}
                shown={example || (checked?.example ?? '')}
                choose={setExample}
              />
            )}
            {error && (
              <p className="bad" role="alert">
                {error.message}
              </p>
            )}
            {checked &&
              (faults.length ? (
                <p className="muted">The messages appear once the prompt holds.</p>
              ) : (
                <Messages checked={checked} isOld={!isCurrent} />
              ))}
          </div>
        </div>
      </div>
      <div className="trying">
        <div>
          {there.length > 1 && (
            <label className="entry">
              <span className="h">Dataset</span>
              <select
                className="box"
                value={chosen}
                onChange={(event) => {
                  setDataset(event.target.value)
                  setExample('')
                }}
              >
                {there.map((one) => (
                  <option key={one.id}>{one.name}</option>
                ))}
              </select>
            </label>
          )}
          {datasets.data && !chosen && (
            <p className="muted">Bring examples in first, then a prompt can be tried out on them.</p>
          )}
          {chosen && tried.isFetched && runs.isFetched && (
            <TryIt
              project={project}
              dataset={chosen}
              text={text}
              canTry={holds}
              models={models}
              asking={asking}
              ask={(change) => setAsked((all) => ({ ...all, ...change }))}
              started={setPicked}
            />
          )}
        </div>
        <div>
          {(picked ?? trials[0]) && (
            <Tried key={picked ?? trials[0]!.id} id={picked ?? trials[0]!.id} project={project} />
          )}
        </div>
      </div>
      <Trials project={project} chosen={picked ?? trials[0]?.id} choose={setPicked} edit={begin} />
    </main>
  )
}
