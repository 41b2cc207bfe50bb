import { IconTable } from '@tabler/icons-react'
import type { UseQueryResult } from '@tanstack/react-query'
import { useId, useMemo, useState, type ReactNode } from 'react'
import { Link } from 'wouter'
import type { Drawing, Table } from './drawing'
import { csv, keep } from './files'
import { Plotted } from './Plotted'
import { shown } from './words'

const SEARCHED_FROM = 12

type Props<Data> = {
  name: string
  query: UseQueryResult<Data>
  draw: (data: Data) => Drawing
  /** What the drawing depends on besides the data. */
  by?: unknown
  /** The API's address of the figures, and of their table where it has one. */
  json: string
  csv?: string | undefined
  wide?: boolean
  children?: ReactNode
}

/** A chart that loads by itself: its finding, its marks, the same as a table and as files. */
export function Chart<Data>({ name, query, draw, by, json, csv: file, wide, children }: Props<Data>) {
  const id = useId()
  const [isTable, setTable] = useState(false)
  // eslint-disable-next-line react-hooks/exhaustive-deps -- `draw` is new at each turn; what it depends on is `by`
  const drawing = useMemo(() => (query.data === undefined ? undefined : draw(query.data)), [query.data, by])
  const asOf = (query.data as { as_of?: string | null } | undefined)?.as_of
  return (
    <section className={`card chart${wide ? ' wide' : ''}`} aria-label={name} aria-busy={!drawing && !query.error}>
      <div className="chart-head">
        <p className="kicker">{name}</p>
        {children}
      </div>
      {query.error && !drawing && (
        <p className="bad" role="alert">
          {query.error.message}{' '}
          <button className="link" onClick={() => void query.refetch()}>
            Try again
          </button>
        </p>
      )}
      {!drawing && !query.error && <p className="nothing-yet loading">Counting</p>}
      {drawing && (
        <>
          <h2 id={id}>{drawing.title}</h2>
          <p className="sub">{drawing.about}</p>
          {drawing.legend && !drawing.nothing && (
            <ul className="legend">
              {drawing.legend.map(([word, color]) => (
                <li key={word}>
                  <i style={{ background: color }} />
                  {word}
                </li>
              ))}
            </ul>
          )}
          {drawing.nothing ? (
            <p className="nothing-yet">{drawing.nothing}</p>
          ) : (
            drawing.plot && (
              <figure aria-labelledby={id}>
                <Plotted drawing={drawing} name={name} />
              </figure>
            )
          )}
          {isTable && <Rows table={drawing.table} name={name} />}
          <div className="chart-foot">
            {drawing.table.rows.length > 0 && (
              <button className="link" aria-expanded={isTable} onClick={() => setTable(!isTable)}>
                <IconTable size={15} />
                {isTable ? 'Hide table' : 'Show as table'}
              </button>
            )}
            {file ? (
              <a className="link" href={file} download>
                CSV
              </a>
            ) : (
              <button className="link" onClick={() => keep(`${name}.csv`, csv(drawing.table), 'text/csv')}>
                CSV
              </button>
            )}
            <a className="link" href={json} download={`${name}.json`}>
              JSON
            </a>
            {asOf && (
              <span className="muted">
                as of {new Date(asOf).toLocaleTimeString(undefined, { timeStyle: 'short' })}
              </span>
            )}
          </div>
        </>
      )}
    </section>
  )
}

/** The figures of a chart, row by row; looked through by words where they are many. */
function Rows({ table, name }: { table: Table; name: string }) {
  const [text, setText] = useState('')
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const rows = table.rows
    .map((row, index) => ({ row, href: table.hrefs?.[index] }))
    .filter(({ row }) => words.every((word) => row.some((cell) => String(cell).toLowerCase().includes(word))))
  return (
    <>
      {table.rows.length > SEARCHED_FROM && (
        <input
          className="box"
          type="search"
          aria-label={`Search ${name}`}
          placeholder={`Search ${table.rows.length} rows`}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      )}
      <div className="rows" tabIndex={0} role="group" aria-label={`${name}, table`}>
        <table aria-label={name}>
          <thead>
            <tr>
              {table.columns.map((one) => (
                <th key={one.name} scope="col" className={one.kind === 'text' ? undefined : 'num'}>
                  {one.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ row, href }, index) => (
              <tr key={index}>
                {row.map((cell, place) => {
                  const { name: column, kind } = table.columns[place]!
                  const text = <bdi>{shown(cell, kind)}</bdi>
                  return place ? (
                    <td key={column} className={kind === 'text' ? undefined : 'num'}>
                      {text}
                    </td>
                  ) : (
                    <th key={column} scope="row">
                      {href ? <Link href={href}>{text}</Link> : text}
                    </th>
                  )
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

/** One of a few ways to divide a chart. */
export function Choice<Way extends string>({
  name,
  ways,
  way,
  choose,
}: {
  name: string
  ways: readonly (readonly [Way, string])[]
  way: Way
  choose: (way: Way) => void
}) {
  if (ways.length < 2) return null
  return (
    <div className="seg" role="group" aria-label={name}>
      {ways.map(([value, word]) => (
        <button key={value} aria-pressed={value === way} onClick={() => choose(value)}>
          {word}
        </button>
      ))}
    </div>
  )
}
