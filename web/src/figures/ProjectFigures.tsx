import './figures.css'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { api, take, type Run } from '../lib/api'
import { useRuns } from '../lib/runs'
import { title } from '../lib/words'
import { Chart, Choice } from './Chart'
import { accuracy, models } from './charts/accuracy'
import { spend } from './charts/money'
import { agreement, paces } from './charts/people'
import { ChangesCharts, CostChart } from './Shared'
import { acceptedOfAll, agreedOf, costOfAll, paceOf, rightOf, Tile } from './Tiles'
import { useAgreement, useCost, usePaces, useProjectLedger, useSpentInAll, useSplits } from './useFigures'

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

type Props = { project: string; newest: Run }

function All({ project, newest }: Props) {
  const at = `/v1/projects/${encodeURIComponent(project)}`,
    run = `/v1/runs/${newest.id}`
  const [splits, money, agreed, ledger] = [
    useSplits(project, 'run'),
    useCost(newest),
    useAgreement(newest),
    useProjectLedger(project, 'run'),
  ]
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
        <CostChart project={project} money={money.data} />
        <Chart
          name="Accuracy and price of models"
          wide
          query={useProjectLedger(project, 'model')}
          draw={models}
          json={`${at}/ledger?by=model`}
          csv={`${at}/ledger?by=model&format=csv`}
        />
        <AccuracyChart project={project} run={newest.id} />
        <ChangesCharts query={ledger} json={`${at}/ledger?by=run`} run={newest.id} />
        <Chart name="Spend against cap" wide query={useSpentInAll(project)} draw={spend} json={at} />
        <Chart name={`Agreement, run ${newest.id}`} wide query={agreed} draw={agreement} json={`${run}/agreement`} />
        <Chart
          name={`Seconds per example, run ${newest.id}`}
          wide
          query={usePaces(newest)}
          draw={paces}
          json={`${run}/paces`}
          csv={`${run}/paces?format=csv`}
        />
      </div>
    </>
  )
}

const PARTS = [
  ['run', 'Run'],
  ['prompt', 'Prompt'],
  ['week', 'Week'],
  ['class', 'Class'],
] as const

/** The examples behind a number are those of `run`. */
function AccuracyChart({ project, run }: { project: string; run: number }) {
  const [part, setPart] = useState<(typeof PARTS)[number][0]>('run')
  const at = `/v1/projects/${encodeURIComponent(project)}/ledger?by=${part}`
  return (
    <Chart
      name="Draft accuracy"
      wide
      query={useProjectLedger(project, part)}
      by={`${part} ${run}`}
      draw={(found) => accuracy(found, run)}
      json={at}
      csv={`${at}&format=csv`}
    >
      <Choice name="Accuracy by" ways={PARTS} way={part} choose={setPart} />
    </Chart>
  )
}
