import './figures.css'
import { useState } from 'react'
import { Link } from 'wouter'
import { api, every, take, type Run } from '../lib/api'
import { useRun } from '../lead/useRun'
import { title } from '../lib/words'
import { Chart, Choice } from './Chart'
import { accuracy } from './charts/accuracy'
import { confusion, corrections } from './charts/changes'
import { reliability, risk, samples, type Sample } from './charts/confidence'
import { cost } from './charts/cost'
import { outcomes, throughput } from './charts/days'
import { alarms, spend } from './charts/money'
import { agreement, paces } from './charts/people'
import { acceptedOf, agreedOf, costOf, paceOf, rightOf, Tile } from './Tiles'
import { isLive, useAgreement, useCost, useFigure, useOutlook, useRunLedger, useSplits } from './useFigures'

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
  const [split, setSplit] = useState<'run' | 'prompt' | 'models'>('run')
  const [part, setPart] = useState<'class' | 'field' | 'model' | 'week'>('class')
  const [chosen, choose] = useState<Sample>()
  const [field, setField] = useState('')
  const params = { path: { run_id: run.id } }
  const at = `/v1/runs/${run.id}`,
    project = `/v1/projects/${encodeURIComponent(run.project)}`,
    live = isLive(run)
  const days = useFigure(['days', run.id], () => take(api.GET('/v1/runs/{run_id}/days', { params })), live)
  const money = useCost(run)
  const ledger = useRunLedger(run, 'field')
  const calibration = useFigure(
    ['calibration', run.id],
    () => take(api.GET('/v1/runs/{run_id}/calibration', { params })),
    live,
  )
  const progress = useFigure(
    ['spent', run.id],
    async () => {
      const [going, account] = await Promise.all([
        take(api.GET('/v1/runs/{run_id}/progress', { params })),
        take(api.GET('/v1/runs/{run_id}/cost', { params })),
      ])
      return {
        spent: going.spent,
        cap: going.cap,
        quoted: account.quoted,
        expected: live ? going.expected : null,
        isLeast: !going.complete,
      }
    },
    live,
  )
  const byHand = money.data?.by_hand_per_example == null ? null : Number(money.data.by_hand_per_example)
  const known = samples(calibration.data)
  const sample = known.find(([one]) => one === chosen)?.[0] ?? known[0]?.[0] ?? 'gold'
  const fields = ledger.data?.confusions.map((one) => [one.field, title(one.field)] as const) ?? []
  return (
    <div className="charts">
      <Chart
        name="Cost per example"
        wide
        query={useSplits(run.project, split)}
        by={`${byHand} ${split}`}
        draw={(found) => cost(found, byHand, split === 'run' ? `run ${run.id}` : undefined)}
        json={`${project}/cost/splits?by=${split}`}
        csv={`${project}/cost/splits?by=${split}&format=csv`}
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
        name="What happened to the drafts"
        wide
        query={days}
        draw={outcomes}
        json={`${at}/days`}
        csv={`${at}/days?format=csv`}
      />
      <Chart
        name="Error against share accepted"
        query={useFigure(['risk', run.id], () => take(api.GET('/v1/runs/{run_id}/risk', { params })), live)}
        draw={(found) => risk(found, run.id)}
        json={`${at}/risk`}
        csv={`${at}/risk?format=csv`}
      />
      <Chart
        name="Reliability of confidence"
        query={calibration}
        by={sample}
        draw={(found) => reliability(found, sample, run.id)}
        json={`${at}/calibration`}
      >
        <Choice name="Known from" ways={known} way={sample} choose={choose} />
      </Chart>
      <Chart
        name="Seconds per example"
        query={useFigure(['paces', run.id], () => take(api.GET('/v1/runs/{run_id}/paces', { params })), live)}
        draw={paces}
        json={`${at}/paces`}
        csv={`${at}/paces?format=csv`}
      />
      <Chart
        name="Draft accuracy"
        wide
        query={useRunLedger(run, part)}
        by={part}
        draw={(found) => accuracy(found, run.id)}
        json={`${at}/ledger?by=${part}`}
        csv={`${at}/ledger?by=${part}&format=csv`}
      >
        <Choice
          name="Accuracy by"
          ways={[
            ['class', 'Class'],
            ['field', 'Field'],
            ['model', 'Model'],
            ['week', 'Week'],
          ]}
          way={part}
          choose={setPart}
        />
      </Chart>
      <Chart
        name="Most frequent corrections"
        wide
        query={ledger}
        draw={(found) => corrections(found, run.id)}
        json={`${at}/ledger`}
      />
      <Chart
        name="Confusion"
        wide
        query={ledger}
        by={field}
        draw={(found) => confusion(found, field, run.id)}
        json={`${at}/ledger`}
      >
        <Choice name="Field" ways={fields} way={field || fields[0]?.[0] || ''} choose={setField} />
      </Chart>
      <Chart name="Throughput" wide query={days} draw={throughput} json={`${at}/days`} csv={`${at}/days?format=csv`} />
      <Chart name="Agreement" query={useAgreement(run)} draw={agreement} json={`${at}/agreement`} />
      <Chart name="Spend against cap" query={progress} draw={spend} json={`${at}/cost`} />
      <Chart
        name="Alarms"
        query={useFigure(
          ['alarms', run.id],
          () =>
            every((after) => take(api.GET('/v1/runs/{run_id}/alarms', { params: { ...params, query: { after } } }))),
          live,
        )}
        draw={alarms}
        json={`${at}/alarms`}
      />
    </div>
  )
}
