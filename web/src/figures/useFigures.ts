import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, every, take, type Run } from '../lib/api'

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

const of = (run: Run) => ({ params: { path: { run_id: run.id } } })

export const useCost = (run: Run | undefined) =>
  useFigure(['cost', run?.id], () => take(api.GET('/v1/runs/{run_id}/cost', of(run!))), !!run && isLive(run), !!run)

export const useOutlook = (run: Run) =>
  useFigure(['outlook', run.id], () => take(api.GET('/v1/runs/{run_id}/outlook', of(run))), isLive(run))

export const useAgreement = (run: Run) =>
  useFigure(['agreement', run.id], () => take(api.GET('/v1/runs/{run_id}/agreement', of(run))), isLive(run))

export const useDays = (run: Run) =>
  useFigure(['days', run.id], () => take(api.GET('/v1/runs/{run_id}/days', of(run))), isLive(run))

export const useRisk = (run: Run) =>
  useFigure(['risk', run.id], () => take(api.GET('/v1/runs/{run_id}/risk', of(run))), isLive(run))

export const useCalibration = (run: Run) =>
  useFigure(['calibration', run.id], () => take(api.GET('/v1/runs/{run_id}/calibration', of(run))), isLive(run))

export const usePaces = (run: Run) =>
  useFigure(['paces', run.id], () => take(api.GET('/v1/runs/{run_id}/paces', of(run))), isLive(run))

export const useAlarms = (run: Run) =>
  useFigure(
    ['alarms', run.id],
    () =>
      every((after) =>
        take(api.GET('/v1/runs/{run_id}/alarms', { params: { path: { run_id: run.id }, query: { after } } })),
      ),
    isLive(run),
  )

/** What a run has spent, may spend and, while it drafts, is expected to. */
export const useSpent = (run: Run) =>
  useFigure(
    ['spent', run.id],
    async () => {
      const [going, account] = await Promise.all([
        take(api.GET('/v1/runs/{run_id}/progress', of(run))),
        take(api.GET('/v1/runs/{run_id}/cost', of(run))),
      ])
      return {
        spent: going.spent,
        cap: going.cap,
        quoted: account.quoted,
        expected: isLive(run) ? going.expected : null,
        isLeast: !going.complete,
      }
    },
    isLive(run),
  )

export const useSpentInAll = (project: string) =>
  useFigure(['spent', project], () => take(api.GET('/v1/projects/{project}', { params: { path: { project } } })))

export const useRunLedger = (run: Run, by: 'field' | 'class' | 'model' | 'prompt' | 'week') =>
  useFigure(
    ['ledger', run.id, by],
    () => take(api.GET('/v1/runs/{run_id}/ledger', { params: { path: { run_id: run.id }, query: { by } } })),
    isLive(run),
  )

export const useProjectLedger = (project: string, by: 'run' | 'prompt' | 'model' | 'class' | 'week') =>
  useFigure(
    ['ledger', project, by],
    () => take(api.GET('/v1/projects/{project}/ledger', { params: { path: { project }, query: { by } } })),
    true,
    !!project,
  )

export const useSplits = (project: string, by: 'run' | 'prompt' | 'models') =>
  useFigure(
    ['splits', project, by],
    () => take(api.GET('/v1/projects/{project}/cost/splits', { params: { path: { project }, query: { by } } })),
    true,
    !!project,
  )
