import { useQuery } from '@tanstack/react-query'
import { api, every, take } from './api'

/** All runs that one sees, the newest first; looked at again after so many milliseconds. */
export function useRuns(again: number | false = false) {
  return useQuery({
    queryKey: ['runs'],
    refetchInterval: again,
    queryFn: async () =>
      (await every((after) => take(api.GET('/v1/runs', { params: { query: { after, limit: 500 } } })))).reverse(),
  })
}

/** What people fill in for a run's examples. */
export function useForm(run: number) {
  return useQuery({
    queryKey: ['form', run],
    enabled: run > 0,
    staleTime: 5 * 60_000,
    queryFn: () => take(api.GET('/v1/runs/{run_id}/form', { params: { path: { run_id: run } } })),
  })
}
