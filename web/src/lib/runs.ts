import { useQuery } from '@tanstack/react-query'
import { api, take } from './api'

/** All runs that one sees, the newest first. */
export function useRuns() {
  return useQuery({
    queryKey: ['runs'],
    queryFn: () => take(api.GET('/v1/runs', { params: { query: { limit: 500 } } })),
    select: (page) => [...page.items].reverse(),
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
