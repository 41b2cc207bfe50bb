import { useState } from 'react'
import { api, every, take, type BadRow, type Import } from '../lib/api'
import { useAct } from '../lib/useAct'
import { count, shown } from '../lib/words'

const MOST = 50

/** The rows that an import could not take: number, field and reason of each. */
export function BadRows({ report }: { report: Import }) {
  const [rows, setRows] = useState<BadRow[]>(report.bad_rows)
  const [most, setMost] = useState(MOST)
  const { act, fault, isBusy } = useAct()
  const all = report.bad + report.bad_drafts
  const more = () =>
    act(async () => {
      setMost(Infinity)
      if (rows.length < all)
        setRows(
          await every((after) =>
            take(
              api.GET('/v1/imports/{import_id}/bad-rows', {
                params: { path: { import_id: report.import_id }, query: { after, limit: 500 } },
              }),
            ),
          ),
        )
    })
  return (
    <div className="bad-rows">
      <p className="warn-text">
        {count(report.bad)} {report.bad === 1 ? 'row was' : 'rows were'} left out
        {report.bad_drafts > 0 && <>, and {count(report.bad_drafts)} drafts of others</>}; the good ones are kept.
      </p>
      <div className="scroll">
        <table aria-label="Bad rows">
          <thead>
            <tr>
              <th scope="col">Row</th>
              <th scope="col">Field</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, most).map((bad, index) => (
              <tr key={index}>
                <th scope="row" className="num">
                  {count(bad.row)}
                </th>
                <td>
                  <bdi>{shown(bad.field)}</bdi>
                </td>
                <td>
                  <bdi>{shown(bad.reason)}</bdi>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {Math.min(most, rows.length) < all && (
        <button type="button" className="btn" disabled={isBusy} onClick={() => void more()}>
          Show all {count(all)}
        </button>
      )}
      {fault && (
        <p className="bad" role="alert">
          {fault}
        </p>
      )}
    </div>
  )
}
