import './figures.css'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { api, take } from '../lib/api'
import { useRuns } from '../lib/runs'
import { title } from '../lib/words'
import { Chart, Choice } from './Chart'
import { accuracy, models } from './charts/accuracy'
import { confusion, corrections } from './charts/changes'
import { cost } from './charts/cost'
import { spend } from './charts/money'
import { agreement, paces } from './charts/people'
import { acceptedOfAll, agreedOf, costOfAll, paceOf, rightOf, Tile } from './Tiles'
import { useAgreement, useCost, useFigure, useProjectLedger, useSplits } from './useFigures'

/** The figures of all runs of a project together, and the way to those of each. */
export function ProjectFigures({ name }: { name: string }) {
  const params = { path: { project: name } }
  const { data: project, error } = useQuery({
    queryKey: ['project', name],
    queryFn: () => take(api.GET('/v1/projects/{project}', { params })),
  })
  const runs = (useRuns().data ?? []).filter((one) => one.project === name)
  const newest = runs.find((one) => (one.places.settled ?? 0) > 0) ?? runs[0]
  if (error)
    return (
      <main className="page dash">
        <header>
          <h1>Figures</h1>
        </header>
        <p className="bad" role="alert">
          {error.message}
        </p>
      </main>
    )
  return (
    <main className="page dash" aria-busy={!project}>
      <header>
        <h1>
          Figures of <bdi>{title(name)}</bdi>
        </h1>
        <span className="spring" />
        {runs.length > 1 && (
          <Link className="btn" href={`/compare?runs=${runs[1]!.id},${runs[0]!.id}`}>
            Compare
          </Link>
        )}
        <Link className="btn" href={`/projects/${encodeURIComponent(name)}`}>
          The project
        </Link>
      </header>
      <nav className="of-runs" aria-label="Runs">
        {runs.map((one) => (
          <Link key={one.id} className="chip" href={`/runs/${one.id}/figures`}>
            Run {one.id}
          </Link>
        ))}
      </nav>
      {runs.length === 0 ? (
        <p className="nothing-yet">No run has begun yet: its figures stand here once one has.</p>
      ) : (
        <All project={name} newest={newest!} />
      )}
    </main>
  )
}

type Props = { project: string; newest: Parameters<typeof useCost>[0] & object }

function All({ project, newest }: Props) {
  const [split, setSplit] = useState<'run' | 'prompt' | 'models'>('run')
  const [part, setPart] = useState<'run' | 'prompt' | 'week' | 'class'>('run')
  const [field, setField] = useState('')
  const at = `/v1/projects/${encodeURIComponent(project)}`,
    run = `/v1/runs/${newest.id}`
  const [splits, money, agreed, ledger] = [
    useSplits(project, 'run'),
    useCost(newest),
    useAgreement(newest),
    useProjectLedger(project, 'run'),
  ]
  const byHand = money.data?.by_hand_per_example == null ? null : Number(money.data.by_hand_per_example)
  const fields = ledger.data?.confusions.map((one) => [one.field, title(one.field)] as const) ?? []
  return (
    <>
      <dl className="tiles card">
        <Tile name="Cost per example" query={splits} say={costOfAll} />
        <Tile name="Accepted without review" query={ledger} say={acceptedOfAll} />
        <Tile name="Draft accuracy" query={ledger} say={rightOf} />
        <Tile name={`Agreement of people, run ${newest.id}`} query={agreed} say={agreedOf} />
        <Tile name={`Throughput, run ${newest.id}`} query={money} say={paceOf} />
      </dl>
      <div className="charts">
        <Chart
          name="Cost per example"
          wide
          query={useSplits(project, split)}
          by={`${byHand} ${split}`}
          draw={(found) => cost(found, byHand)}
          json={`${at}/cost/splits?by=${split}`}
          csv={`${at}/cost/splits?by=${split}&format=csv`}
        >
          <Choice
            name="Cost by"
            ways={[
              ['run', 'Run'],
              ['prompt', 'Prompt'],
              ['models', 'Models'],
            ]}
            way={split}
            choose={setSplit}
          />
        </Chart>
        <Chart
          name="Accuracy and price of models"
          wide
          query={useProjectLedger(project, 'model')}
          draw={models}
          json={`${at}/ledger?by=model`}
          csv={`${at}/ledger?by=model&format=csv`}
        />
        <Chart
          name="Draft accuracy"
          wide
          query={useProjectLedger(project, part)}
          by={`${part} ${newest.id}`}
          draw={(found) => accuracy(found, newest.id)}
          json={`${at}/ledger?by=${part}`}
          csv={`${at}/ledger?by=${part}&format=csv`}
        >
          <Choice
            name="Accuracy by"
            ways={[
              ['run', 'Run'],
              ['prompt', 'Prompt'],
              ['week', 'Week'],
              ['class', 'Class'],
            ]}
            way={part}
            choose={setPart}
          />
        </Chart>
        <Chart
          name="Most frequent corrections"
          wide
          query={ledger}
          by={newest.id}
          draw={(found) => corrections(found, newest.id)}
          json={`${at}/ledger?by=run`}
        />
        <Chart
          name="Confusion"
          wide
          query={ledger}
          by={`${field} ${newest.id}`}
          draw={(found) => confusion(found, field, newest.id)}
          json={`${at}/ledger?by=run`}
        >
          <Choice name="Field" ways={fields} way={field || fields[0]?.[0] || ''} choose={setField} />
        </Chart>
        <Chart
          name="Spend against cap"
          wide
          query={useFigure(['spent', project], () =>
            take(api.GET('/v1/projects/{project}', { params: { path: { project } } })),
          )}
          draw={(found) => spend({ spent: found.spent, cap: found.cap })}
          json={at}
        />
        <Chart name={`Agreement, run ${newest.id}`} wide query={agreed} draw={agreement} json={`${run}/agreement`} />
        <Chart
          name={`Seconds per example, run ${newest.id}`}
          wide
          query={useFigure(['paces', newest.id], () =>
            take(api.GET('/v1/runs/{run_id}/paces', { params: { path: { run_id: newest.id } } })),
          )}
          draw={paces}
          json={`${run}/paces`}
          csv={`${run}/paces?format=csv`}
        />
      </div>
    </>
  )
}
