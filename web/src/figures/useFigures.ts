import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, take, type Run } from '../lib/api'

const AGAIN = 60_000
const OVER = ['cancelled', 'done']

/** Each figure is asked for by itself, and again while work goes on; what was there stands until the new one has come. */
export function useFigure<Data>(key: unknown[], ask: () => Promise<Data>, isLive = true, enabled = true) {
  return useQuery({
    queryKey: ['figures', ...key],
    queryFn: ask,
    enabled,
    placeholderData: keepPreviousData,
    refetchInterval: isLive ? AGAIN : false,
    retry: 1,
  })
}

export const isLive = (run: Run) => run.state !== 'cancelled' && !OVER.includes(run.stage)

export function useCost(run: Run | undefined) {
  return useFigure(
    ['cost', run?.id],
    () => take(api.GET('/v1/runs/{run_id}/cost', { params: { path: { run_id: run!.id } } })),
    !!run && isLive(run),
    !!run,
  )
}
export function useOutlook(run: Run | undefined) {
  return useFigure(
    ['outlook', run?.id],
    () => take(api.GET('/v1/runs/{run_id}/outlook', { params: { path: { run_id: run!.id } } })),
    !!run && isLive(run),
    !!run,
  )
}
export function useAgreement(run: Run | undefined) {
  return useFigure(
    ['agreement', run?.id],
    () => take(api.GET('/v1/runs/{run_id}/agreement', { params: { path: { run_id: run!.id } } })),
    !!run && isLive(run),
    !!run,
  )
}
export function useRunLedger(run: Run | undefined, by: 'field' | 'class' | 'model' | 'prompt' | 'week') {
  return useFigure(
    ['ledger', run?.id, by],
    () => take(api.GET('/v1/runs/{run_id}/ledger', { params: { path: { run_id: run!.id }, query: { by } } })),
    !!run && isLive(run),
    !!run,
  )
}
export function useProjectLedger(project: string, by: 'run' | 'prompt' | 'model' | 'class' | 'week') {
  return useFigure(
    ['ledger', project, by],
    () => take(api.GET('/v1/projects/{project}/ledger', { params: { path: { project }, query: { by } } })),
    true,
    !!project,
  )
}
export function useSplits(project: string, by: 'run' | 'prompt' | 'models') {
  return useFigure(
    ['splits', project, by],
    () => take(api.GET('/v1/projects/{project}/cost/splits', { params: { path: { project }, query: { by } } })),
    true,
    !!project,
  )
}
