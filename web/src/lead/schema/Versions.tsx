import { useQuery } from '@tanstack/react-query'
import { api, take, type SchemaVersion } from '../../lib/api'
import { count, moment } from '../../lib/words'

/** All versions of a project's schema, newest first; looked at again while labels are being moved. */
export function useVersions(project: string) {
  return useQuery({
    queryKey: ['schema-versions', project],
    refetchInterval: ({ state: { data } }) => (data?.items[0]?.left ? 2_000 : false),
    queryFn: () => take(api.GET('/v1/projects/{project}/schema', { params: { path: { project } } })),
  })
}

/** When each version was made and what it changed; any of them can be taken up again. */
export function Versions({
  versions,
  takeUp,
}: {
  versions: SchemaVersion[]
  takeUp: (version: SchemaVersion) => void
}) {
  return (
    <section className="card panel" aria-label="Versions">
      <h2>Versions</h2>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">made</th>
              <th scope="col">What changed</th>
              <th scope="col">Runs</th>
              <th aria-label="Act" />
            </tr>
          </thead>
          <tbody>
            {versions.map((one, at) => (
              <tr key={one.version}>
                <th scope="row" className="num">
                  {one.version}
                  {at === 0 && <small className="muted"> newest</small>}
                </th>
                <td>{moment(one.created_at)}</td>
                <td>
                  {one.changes.length ? (
                    <ul className="said">
                      {one.changes.map((change) => (
                        <li key={change.said}>
                          <bdi>{change.said}</bdi>
                        </li>
                      ))}
                    </ul>
                  ) : (
                    <span className="muted">the first one</span>
                  )}
                </td>
                <td className="num">
                  {one.runs.join(', ') || <span className="muted">none</span>}
                  {one.left > 0 && <small>{count(one.left)} examples are being moved</small>}
                </td>
                <td className="acts-cell">
                  <button
                    type="button"
                    className="btn"
                    aria-label={`Take version ${one.version} into the editor`}
                    onClick={() => takeUp(one)}
                  >
                    Take into the editor
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
