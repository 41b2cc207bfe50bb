import { useQuery, useQueryClient } from '@tanstack/react-query'
import { api, take, type Run } from '../lib/api'
import { useFollowed } from '../lib/live'

const ASK_AGAIN = 30_000
const PACE_AGAIN = 2_000

/** A run as it goes: the server tells of each change, and is asked now and then in case its events do not come through. */
export function useRun(id: number) {
  const client = useQueryClient()
  const params = { path: { run_id: id } }
  const run = useQuery({
    queryKey: ['run', id],
    refetchInterval: ASK_AGAIN,
    queryFn: () => take(api.GET('/v1/runs/{run_id}', { params })),
  })
  const progress = useQuery({
    queryKey: ['progress', id],
    refetchInterval: run.data?.stage === 'drafting' ? PACE_AGAIN : ASK_AGAIN,
    queryFn: () => take(api.GET('/v1/runs/{run_id}/progress', { params })),
  })
  useFollowed<Partial<Run> & { run_id: number; alarms: unknown }>(
    `/v1/runs/${id}/events`,
    'run',
    ({ run_id: _, alarms: __, ...now }) => {
      client.setQueryData<Run>(['run', id], (before) => before && { ...before, ...now })
      void client.invalidateQueries({ queryKey: ['progress', id] })
      void client.invalidateQueries({ queryKey: ['alarms', id] })
    },
  )
  const look = () =>
    Promise.all(
      [['run', id], ['progress', id], ['alarms', id], ['runs']].map((queryKey) =>
        client.invalidateQueries({ queryKey }),
      ),
    )
  return { run: run.data, progress: progress.data, error: run.error, look }
}
