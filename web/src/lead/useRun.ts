import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { api, take, type Run } from '../lib/api'

const ASK_AGAIN = 30_000
const PACE_AGAIN = 2_000

/** A run as it goes: the server tells of each change, and is asked now and then in case its events do not come through. */
export function useRun(id: number) {
  const client = useQueryClient()
  const params = { path: { run_id: id } }
  const run = useQuery({ queryKey: ['run', id], refetchInterval: ASK_AGAIN, queryFn: () => take(api.GET('/v1/runs/{run_id}', { params })) })
  const progress = useQuery({
    queryKey: ['progress', id],
    refetchInterval: run.data?.stage === 'drafting' ? PACE_AGAIN : ASK_AGAIN,
    queryFn: () => take(api.GET('/v1/runs/{run_id}/progress', { params })),
  })
  useEffect(() => {
    const events = new EventSource(`/v1/runs/${id}/events`)
    events.addEventListener('run', (event) => {
      const { run_id: _, alarms: __, ...now } = JSON.parse(event.data)
      client.setQueryData<Run>(['run', id], (before) => before && { ...before, ...now })
      void client.invalidateQueries({ queryKey: ['progress', id] })
      void client.invalidateQueries({ queryKey: ['alarms', id] })
    })
    return () => events.close()
  }, [client, id])
  const look = () => Promise.all([['run', id], ['progress', id], ['alarms', id], ['runs']].map((queryKey) => client.invalidateQueries({ queryKey })))
  return { run: run.data, progress: progress.data, error: run.error, look }
}
