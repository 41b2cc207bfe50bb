import type { UseQueryResult } from '@tanstack/react-query'
import { useState } from 'react'
import { title } from '../lib/words'
import { Chart, Choice } from './Chart'
import { confusion, corrections } from './charts/changes'
import { cost } from './charts/cost'
import type { Cost, Scores } from './drawing'
import { useSplits } from './useFigures'

const SPLITS = [
  ['run', 'Run'],
  ['prompt', 'Prompt'],
  ['models', 'Models'],
] as const

/** What an example costs in all runs of a project, beside what it costs by hand in the one that `money` is of; `run` is looked at. */
export function CostChart({ project, money, run }: { project: string; money: Cost | undefined; run?: number }) {
  const [split, setSplit] = useState<(typeof SPLITS)[number][0]>('run')
  const byHand = money?.by_hand_per_example == null ? null : Number(money.by_hand_per_example)
  const at = `/v1/projects/${encodeURIComponent(project)}/cost/splits?by=${split}`
  return (
    <Chart
      name="Cost per example"
      wide
      query={useSplits(project, split)}
      by={`${byHand} ${split}`}
      draw={(found) => cost(found, byHand, run && split === 'run' ? `run ${run}` : undefined)}
      json={at}
      csv={`${at}&format=csv`}
    >
      <Choice name="Cost by" ways={SPLITS} way={split} choose={setSplit} />
    </Chart>
  )
}

/** What people changed in drafts; the examples behind a number are those of `run`. */
export function ChangesCharts({ query, json, run }: { query: UseQueryResult<Scores>; json: string; run: number }) {
  const [chosen, choose] = useState('')
  const fields = query.data?.confusions.map((one) => [one.field, title(one.field)] as const) ?? []
  const field = chosen || fields[0]?.[0] || ''
  return (
    <>
      <Chart
        name="Most frequent corrections"
        wide
        query={query}
        by={run}
        draw={(found) => corrections(found, run)}
        json={json}
      />
      <Chart
        name="Confusion"
        wide
        query={query}
        by={`${field} ${run}`}
        draw={(found) => confusion(found, field, run)}
        json={json}
      >
        <Choice name="Field" ways={fields} way={field} choose={choose} />
      </Chart>
    </>
  )
}
