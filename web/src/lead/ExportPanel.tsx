import { IconDownload } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take, type Run } from '../lib/api'
import { count, title } from '../lib/words'

type Options = {
  format: string
  include: 'settled' | 'all'
  where: string
  split: string
  weight: string
  certificate: 'none' | 'inline'
}

const BEGIN: Options = { format: 'jsonl', include: 'settled', where: '', split: '', weight: '', certificate: 'none' }

/** The labels of a run as a file: what is to be in it, what it will hold, and the way to it. */
export function ExportPanel({ run }: { run: Run }) {
  const [options, setOptions] = useState(BEGIN)
  const set = (change: Partial<Options>) => setOptions((before) => ({ ...before, ...change }))
  const formats = useQuery({ queryKey: ['formats'], staleTime: Infinity, queryFn: () => take(api.GET('/v1/formats')) })
  const written = (formats.data?.items ?? []).filter((one) => one.writes)
  const chosen = written.find((one) => one.name === options.format)
  const { certificate, ...query } = options
  const settled = run.places.settled ?? 0
  const report = useQuery({
    queryKey: ['report', run.id, query, settled],
    retry: false,
    placeholderData: (before) => before,
    queryFn: () => take(api.GET('/v1/runs/{run_id}/export/report', { params: { path: { run_id: run.id }, query } })),
  })
  const given = Object.entries({ ...query, certificate: query.format === 'jsonl' ? certificate : 'none' }).filter(
    ([, value]) => value,
  )
  const href = `/v1/runs/${run.id}/export?${new URLSearchParams(given as [string, string][])}`
  return (
    <section className="card panel" aria-label="Export">
      <h2>Take the labels home</h2>
      <div className="grid">
        <label>
          Format
          <select className="box" value={options.format} onChange={(event) => set({ format: event.target.value })}>
            {written.map((one) => (
              <option key={one.name} value={one.name}>
                {one.name}
              </option>
            ))}
          </select>
          {chosen && <small>{chosen.purpose}</small>}
        </label>
        <label>
          Examples
          <select
            className="box"
            value={options.include}
            onChange={(event) => set({ include: event.target.value as Options['include'] })}
            disabled={chosen?.for_training}
          >
            <option value="settled">with a label</option>
            <option value="all">all, labeled or not</option>
          </select>
        </label>
        <label>
          Only where
          <input
            className="box"
            value={options.where}
            placeholder="confidence > 0.9"
            onChange={(event) => set({ where: event.target.value })}
          />
        </label>
        <label>
          Split
          <input
            className="box"
            value={options.split}
            placeholder="0.8/0.1/0.1"
            onChange={(event) => set({ split: event.target.value })}
          />
        </label>
        <label>
          Weight
          <input
            className="box"
            value={options.weight}
            placeholder="confidence"
            onChange={(event) => set({ weight: event.target.value })}
          />
        </label>
        {run.policy.rule === 'guarantee' && run.stage === 'done' && options.format === 'jsonl' && (
          <label className="check">
            <input
              type="checkbox"
              checked={certificate === 'inline'}
              onChange={(event) => set({ certificate: event.target.checked ? 'inline' : 'none' })}
            />
            With its certificate
          </label>
        )}
      </div>
      {report.error ? (
        <p className="bad" role="alert">
          {report.error.message}
        </p>
      ) : (
        report.data && <Report report={report.data} />
      )}
      <div className="acts">
        {report.data?.records && !report.error ? (
          <a className="btn primary" href={href} download>
            <IconDownload size={17} />
            Download {count(report.data.records)} {report.data.records === 1 ? 'example' : 'examples'}
          </a>
        ) : (
          <button className="btn primary" disabled>
            <IconDownload size={17} />
            Nothing to download yet
          </button>
        )}
      </div>
    </section>
  )
}

type ReportProps = {
  report: {
    splits: Record<string, number>
    left_out: Record<string, number>
    lost: Record<string, number>
    conflicts: number | null
  }
}

/** What the file holds and what it does not. */
function Report({ report }: ReportProps) {
  const lines = [
    ...Object.entries(report.splits).map(([part, size]) => `${title(part)}: ${count(size)}`),
    ...Object.entries(report.left_out).map(([why, size]) => `Left out, ${why}: ${count(size)}`),
    ...Object.entries(report.lost).map(([what, size]) => `Not in the file, ${what}: ${count(size)}`),
    ...(report.conflicts ? [`Labels that an open conflict doubts: ${count(report.conflicts)}`] : []),
  ]
  if (!lines.length) return null
  return (
    <ul className="report">
      {lines.map((line) => (
        <li key={line}>
          <bdi>{line}</bdi>
        </li>
      ))}
    </ul>
  )
}
