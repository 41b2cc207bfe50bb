import '../lead.css'
import './schema.css'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { api, take, type ChangePlan, type SchemaVersion } from '../../lib/api'
import { useAct } from '../../lib/useAct'
import { title } from '../../lib/words'
import { GuidelinesEntry } from '../GuidelinesEntry'
import { SchemaEditor } from '../SchemaEditor'
import { Seen } from '../Seen'
import { joined } from '../snippets'
import { useSchema } from '../useSchema'
import { Became } from './Became'
import { NOTHING_SAID, standing, type Mapping } from './renames'
import { Confirm, Plan } from './Plan'
import { useVersions, Versions } from './Versions'

/** The schema of a project that there is: changed with its form beside it, and what that does said before it is done. */
export function ChangePage({ project }: { project: string }) {
  const { data, error } = useVersions(project)
  const [made, setMade] = useState<ChangePlan | null>(null)
  const versions = data?.items
  return (
    <main className="page lead wide">
      <header>
        <h1>
          Schema of <bdi>{title(project)}</bdi>
        </h1>
        <span className="spring" />
        <Link className="btn" href={`/projects/${encodeURIComponent(project)}`}>
          Back to the project
        </Link>
      </header>
      {error && (
        <p className="bad" role="alert">
          {error.message}
        </p>
      )}
      {made && (
        <p className="done" role="status">
          Version {made.to_version} holds.{made.left > 0 && ' Workers move the rest of the labels.'}
        </p>
      )}
      {versions && <Change key={versions[0]!.version} project={project} versions={versions} made={setMade} />}
    </main>
  )
}

type Props = { project: string; versions: SchemaVersion[]; made: (plan: ChangePlan) => void }
type Planned = { asked: string; plan: ChangePlan }

function Change({ project, versions, made }: Props) {
  const client = useQueryClient()
  const { act, fault, isBusy } = useAct()
  const newest = versions[0]!
  const [from, setFrom] = useState(newest)
  const [text, setText] = useState(newest.text),
    [guidelines, setGuidelines] = useState(guidelinesOf(newest))
  const [said, say] = useState<Mapping>(NOTHING_SAID)
  const [planned, setPlanned] = useState<Planned | null>(null),
    [isAsking, setAsking] = useState(false)
  const whole = joined(text, guidelines)
  const { checked, error, isCurrent } = useSchema(whole)
  const { checked: old } = useSchema(JSON.stringify(from.schema))
  const before = old?.fields ?? [],
    after = checked?.fields ?? []
  const mapping = standing(before, after, said)
  const body = { schema: whole, mapping, from_version: from.version }
  const asked = JSON.stringify(body)
  const plan = planned?.asked === asked ? planned.plan : null
  const change = (dry_run: boolean) =>
    take(api.PUT('/v1/projects/{project}/schema', { params: { path: { project } }, body: { ...body, dry_run } }))
  const look = () => act(async () => setPlanned({ asked, plan: await change(true) }))
  const apply = () =>
    act(async () => {
      made(await change(false))
      await Promise.all(
        [['project', project], ['schema-versions', project], ['form']].map((queryKey) =>
          client.invalidateQueries({ queryKey }),
        ),
      )
    })
  const takeUp = (version: SchemaVersion) => {
    setText(version.text)
    setGuidelines(guidelinesOf(version))
    say(NOTHING_SAID)
    document.getElementById('schema')?.focus()
  }
  const isReady = isCurrent && !checked?.faults.length && !isBusy
  return (
    <>
      <div className="halves">
        <div className="half">
          <h2>Fields</h2>
          <SchemaEditor text={text} set={setText} faults={checked?.faults ?? []} />
          <GuidelinesEntry schema={text} value={guidelines} set={setGuidelines} />
          <Origin versions={versions} from={from} set={setFrom} />
          {checked && !checked.faults.length && <Became before={before} after={after} said={mapping} say={say} />}
        </div>
        <div className="half">
          <Seen checked={checked} error={error} />
        </div>
      </div>
      <div className="acts planning" aria-live="polite">
        {fault && !isAsking && (
          <p className="bad lines" role="alert">
            {fault}
          </p>
        )}
        {planned && !plan && <p className="muted">It has changed since you looked.</p>}
        <button
          type="button"
          className={`btn ${plan ? '' : 'primary'}`}
          disabled={!isReady}
          onClick={() => void look()}
        >
          See what it does to every label
        </button>
        {plan && plan.changes.length > 0 && (
          <button type="button" className="btn primary" onClick={() => setAsking(true)}>
            Apply
          </button>
        )}
      </div>
      {plan &&
        (plan.changes.length ? (
          <Plan plan={plan} />
        ) : (
          <p className="muted" role="status">
            Version {plan.from_version} says this already: nothing changes.
          </p>
        ))}
      {plan && isAsking && (
        <Confirm plan={plan} isBusy={isBusy} fault={fault} close={() => setAsking(false)} apply={() => void apply()} />
      )}
      <Versions versions={versions} takeUp={takeUp} />
    </>
  )
}

const guidelinesOf = ({ schema }: SchemaVersion) => String(schema.guidelines ?? '')

/** Which runs move, where not all are at the newest version. */
function Origin({
  versions,
  from,
  set,
}: {
  versions: SchemaVersion[]
  from: SchemaVersion
  set: (version: SchemaVersion) => void
}) {
  const open = versions.filter((one, at) => at === 0 || one.runs.length)
  if (open.length < 2) return null
  return (
    <label className="origin-version">
      Runs that move
      <select
        className="box"
        value={from.version}
        onChange={(event) => set(open.find((one) => one.version === Number(event.target.value))!)}
      >
        {open.map((one) => (
          <option key={one.version} value={one.version}>
            those at version {one.version}: {one.runs.join(', ') || 'none yet'}
          </option>
        ))}
      </select>
    </label>
  )
}
