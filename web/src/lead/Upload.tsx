import { IconUpload } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState, type DragEvent } from 'react'
import { api, take, type Import } from '../lib/api'
import { count } from '../lib/words'
import { BadRows } from './BadRows'
import { formatOf, MAPPED, send, type Mapping } from './upload'

type Props = { project: string; dataset: string; hasImages: boolean; done: (report: Import) => void }

const SAYS: Record<(typeof MAPPED)[number], [string, string]> = {
  id_field: ['Id', 'id'],
  text_field: ['Text', 'all fields as they are'],
  gold_field: ['Known right label', 'gold'],
  image_field: ['Image', 'as the schema says'],
}

/** Examples in from a file: how far it is, and every row that could not be taken, with the reason. */
export function Upload({ project, dataset, hasImages, done }: Props) {
  const formats = useQuery({ queryKey: ['formats'], staleTime: Infinity, queryFn: () => take(api.GET('/v1/formats')) })
  const [format, setFormat] = useState('')
  const [mapping, setMapping] = useState<Mapping>({})
  const [sending, setSending] = useState<{ what: string; share: number; stop: () => void } | null>(null)
  const [report, setReport] = useState<Import | null>(null)
  const [fault, setFault] = useState('')
  const [isOver, setOver] = useState(false)
  const reads = (formats.data?.items ?? []).filter((one) => one.reads)
  const at = `/v1/projects/${encodeURIComponent(project)}/datasets/${encodeURIComponent(dataset)}`
  const post = async <T,>(what: string, url: string, file: Blob) => {
    const going = send<T>(url, file, (share) => setSending((before) => before && { ...before, share }))
    setSending({ what, share: 0, stop: going.stop })
    return going.done
  }
  const bringIn = async (files: File[]) => {
    setFault('')
    setReport(null)
    try {
      await take(api.PUT('/v1/projects/{project}/datasets/{dataset}', { params: { path: { project, dataset } } }))
      const images = files.filter((file) => file.type.startsWith('image/'))
      for (const [index, file] of images.entries())
        await post(
          `image ${index + 1} of ${images.length}`,
          `${at}/images?${new URLSearchParams({ name: file.name })}`,
          file,
        )
      for (const file of files.filter((one) => !images.includes(one))) {
        const given = {
          format: format || formatOf(file.name, reads),
          source: file.name,
          ...Object.fromEntries(Object.entries(mapping).filter(([, field]) => field)),
        }
        const found = await post<Import>(file.name, `${at}/examples?${new URLSearchParams(given)}`, file)
        setReport(found)
        done(found)
      }
    } catch (error) {
      setFault((error as Error).message)
    } finally {
      setSending(null)
    }
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    if (!sending) void bringIn([...event.dataTransfer.files])
  }
  return (
    <div className="upload">
      <label
        className={`drop ${isOver ? 'over' : ''}`}
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <IconUpload size={20} />
        <span>
          <b>Choose a file</b> or drop it here{hasImages && ', images first or along with it'}
        </span>
        <small className="muted">
          JSON Lines, CSV, Parquet, or what another tool wrote; one row an example, such as {'{"text": "…"}'}
        </small>
        <input
          type="file"
          multiple={hasImages}
          aria-label="File of examples"
          disabled={!!sending || !dataset}
          onChange={(event) => {
            void bringIn([...(event.target.files ?? [])])
            event.target.value = ''
          }}
        />
      </label>
      {sending && (
        <div className="sending" role="status">
          <span>
            <bdi>{sending.what}</bdi>:{' '}
            {sending.share < 1 ? `${Math.round(100 * sending.share)}% sent` : 'all sent, being read'}
          </span>
          <span className="meter">
            <span style={{ width: `${100 * sending.share}%` }} />
          </span>
          <button type="button" className="btn" onClick={sending.stop}>
            Stop
          </button>
        </div>
      )}
      {fault && (
        <p className="bad lines" role="alert">
          {fault}
        </p>
      )}
      {report && <Report report={report} />}
      <details className="more">
        <summary>Format and names of fields</summary>
        <div className="grid">
          <label>
            Format
            <select className="box" value={format} onChange={(event) => setFormat(event.target.value)}>
              <option value="">by the file's name</option>
              {reads.map((one) => (
                <option key={one.name} value={one.name}>
                  {one.name}
                </option>
              ))}
            </select>
          </label>
          {MAPPED.map((name) => (
            <label key={name}>
              {SAYS[name][0]}
              <input
                className="box"
                value={mapping[name] ?? ''}
                placeholder={SAYS[name][1]}
                onChange={(event) => setMapping({ ...mapping, [name]: event.target.value })}
              />
            </label>
          ))}
        </div>
      </details>
    </div>
  )
}

function Report({ report }: { report: Import }) {
  const said = [`${count(report.added)} of ${count(report.rows)} rows added`]
  if (report.already_there) said.push(`${count(report.already_there)} were there already`)
  if (report.repeated) said.push(`${count(report.repeated)} stand twice in the file`)
  if (report.drafts) said.push(`${count(report.drafts)} drafts with them`)
  return (
    <div className="report" role="status">
      <p>
        <b>{said.join(', ')}.</b>
      </p>
      {Object.entries(report.lost).map(([what, times]) => (
        <p key={what} className="muted">
          Not carried over, {what}: {count(times)}
        </p>
      ))}
      {report.bad + report.bad_drafts > 0 && <BadRows report={report} />}
    </div>
  )
}
