import { IconAlertTriangle } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { api, take } from '../lib/api'
import { useAct } from '../lib/useAct'
import { moment } from '../lib/words'

/** What a lead has to look at in a run, until somebody says that they have. */
export function Alarms({ runId, look }: { runId: number; look: () => Promise<unknown> }) {
  const { act, fault, isBusy } = useAct()
  const { data } = useQuery({
    queryKey: ['alarms', runId],
    queryFn: () => take(api.GET('/v1/runs/{run_id}/alarms', { params: { path: { run_id: runId } } })),
  })
  const open = (data?.items ?? []).filter((alarm) => alarm.acknowledged_at === null)
  if (!open.length) return null
  const acknowledge = (alarm_id: number) =>
    act(async () => {
      await take(
        api.POST('/v1/runs/{run_id}/alarms/{alarm_id}/acknowledge', { params: { path: { run_id: runId, alarm_id } } }),
      )
      await look()
    })
  return (
    <ul className="alarms" aria-label="Alarms">
      {open.map((alarm) => (
        <li key={alarm.id}>
          <IconAlertTriangle size={18} />
          <span>
            <b>{alarm.text}</b>
            <small>{moment(alarm.raised_at)}</small>
          </span>
          <button className="btn" disabled={isBusy} onClick={() => void acknowledge(alarm.id)}>
            I have seen it
          </button>
        </li>
      ))}
      {fault && (
        <li className="bad" role="alert">
          {fault}
        </li>
      )}
    </ul>
  )
}
