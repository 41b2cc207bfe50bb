import './figures.css'
import { useState } from 'react'
import { Link } from 'wouter'
import type { Run } from '../lib/api'
import { useRun } from '../lead/useRun'
import { title } from '../lib/words'
import { Chart, Choice } from './Chart'
import { accuracy } from './charts/accuracy'
import { reliability, risk, samples, type Sample } from './charts/confidence'
import { outcomes, throughput } from './charts/days'
import { alarms, spend } from './charts/money'
import { agreement, paces } from './charts/people'
import { ChangesCharts, CostChart } from './Shared'
import { acceptedOf, agreedOf, costOf, paceOf, rightOf, Tile } from './Tiles'
import {
  useAgreement,
  useAlarms,
  useCalibration,
  useCost,
  useDays,
  useOutlook,
  usePaces,
  useRisk,
  useRunLedger,
  useSpent,
} from './useFigures'

/** All figures of a run as charts, each with what it rests on. */
export function RunFigures({ id }: { id: number }) {
  const { run, error } = useRun(id)
  if (error)
    return (
      <main className="page dash">
        <header>
          <h1>Figures of run {id}</h1>
        </header>
        <p className="bad" role="alert">
          {error.message}
        </p>
      </main>
    )
  return (
    <main className="page dash" aria-busy={!run}>
      <header>
        <h1>Figures of run {id}</h1>
        {run && (
          <span className="muted">
            <Link href={`/projects/${encodeURIComponent(run.project)}/figures`}>
              <bdi>{title(run.project)}</bdi>
            </Link>
            , <bdi>{run.dataset}</bdi>
          </span>
        )}
        <span className="spring" />
        <Link className="btn" href={`/compare?runs=${id},`}>
          Compare
        </Link>
        <Link className="btn" href={`/runs/${id}`}>
          The run
        </Link>
      </header>
      {run && (
        <>
          <Keys run={run} />
          <Charts run={run} />
        </>
      )}
    </main>
  )
}

function Keys({ run }: { run: Run }) {
  const money = useCost(run)
  return (
    <dl className="tiles card">
      <Tile name="Cost per example" query={money} say={costOf} />
      <Tile name="Accepted without review" query={useOutlook(run)} say={acceptedOf} />
      <Tile name="Draft accuracy" query={useRunLedger(run, 'field')} say={rightOf} />
      <Tile name="Agreement of people" query={useAgreement(run)} say={agreedOf} />
      <Tile name="Throughput" query={money} say={paceOf} />
    </dl>
  )
}

function Charts({ run }: { run: Run }) {
  const at = `/v1/runs/${run.id}`
  const [days, ledger] = [useDays(run), useRunLedger(run, 'field')]
  return (
    <div className="charts">
      <CostChart project={run.project} money={useCost(run).data} run={run.id} />
      <Chart
        name="What happened to the drafts"
        wide
        query={days}
        draw={outcomes}
        json={`${at}/days`}
        csv={`${at}/days?format=csv`}
      />
      <Chart
        name="Error against share accepted"
        query={useRisk(run)}
        draw={(found) => risk(found, run.id)}
        json={`${at}/risk`}
        csv={`${at}/risk?format=csv`}
      />
      <ReliabilityChart run={run} />
      <Chart
        name="Seconds per example"
        query={usePaces(run)}
        draw={paces}
        json={`${at}/paces`}
        csv={`${at}/paces?format=csv`}
      />
      <AccuracyChart run={run} />
      <ChangesCharts query={ledger} json={`${at}/ledger`} run={run.id} />
      <Chart name="Throughput" wide query={days} draw={throughput} json={`${at}/days`} csv={`${at}/days?format=csv`} />
      <Chart name="Agreement" query={useAgreement(run)} draw={agreement} json={`${at}/agreement`} />
      <Chart name="Spend against cap" query={useSpent(run)} draw={spend} json={`${at}/cost`} />
      <Chart name="Alarms" query={useAlarms(run)} draw={alarms} json={`${at}/alarms`} />
    </div>
  )
}

function ReliabilityChart({ run }: { run: Run }) {
  const [chosen, choose] = useState<Sample>()
  const calibration = useCalibration(run)
  const known = samples(calibration.data)
  const sample = known.find(([one]) => one === chosen)?.[0] ?? known[0]?.[0] ?? 'gold'
  return (
    <Chart
      name="Reliability of confidence"
      query={calibration}
      by={sample}
      draw={(found) => reliability(found, sample, run.id)}
      json={`/v1/runs/${run.id}/calibration`}
    >
      <Choice name="Known from" ways={known} way={sample} choose={choose} />
    </Chart>
  )
}

const PARTS = [
  ['class', 'Class'],
  ['field', 'Field'],
  ['model', 'Model'],
  ['week', 'Week'],
] as const

function AccuracyChart({ run }: { run: Run }) {
  const [part, setPart] = useState<(typeof PARTS)[number][0]>('class')
  const at = `/v1/runs/${run.id}/ledger?by=${part}`
  return (
    <Chart
      name="Draft accuracy"
      wide
      query={useRunLedger(run, part)}
      by={part}
      draw={(found) => accuracy(found, run.id)}
      json={at}
      csv={`${at}&format=csv`}
    >
      <Choice name="Accuracy by" ways={PARTS} way={part} choose={setPart} />
    </Chart>
  )
}
