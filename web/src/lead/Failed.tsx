import { useQuery } from '@tanstack/react-query'
import { api, take } from '../lib/api'
import { count, shown } from '../lib/words'

const MOST = 20

/** Examples that cannot be labeled, and why people say so. */
export function Failed({ runId, failed }: { runId: number; failed: number }) {
  const { data } = useQuery({
    queryKey: ['failed', runId, failed],
    enabled: failed > 0,
    queryFn: () =>
      take(
        api.GET('/v1/runs/{run_id}/examples', {
          params: { path: { run_id: runId }, query: { place: 'failed', limit: MOST } },
        }),
      ),
  })
  if (!failed) return null
  return (
    <section className="card panel" aria-label="Failed">
      <h2>Failed</h2>
      <p className="muted">
        {count(failed)} cannot be labeled{failed > MOST && <>; the first {MOST}</>}:
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">Example</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {(data?.items ?? []).map((one) => (
            <tr key={one.id}>
              <th scope="row">
                <bdi>{shown(one.id)}</bdi>
              </th>
              <td>
                <bdi>{shown(one.reason ?? '')}</bdi>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
