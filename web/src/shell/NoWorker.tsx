import { IconAlertTriangle } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { api, take } from '../lib/api'
import { reaches, useSession } from '../lib/session'
import './noworker.css'

/** Tells leads that the server lacks something to work: no worker lives, or its broker does not answer. */
export function NoWorker() {
  const { data: session } = useSession()
  const isLead = reaches(session?.role ?? 'reviewer', 'lead')
  const { data: ready } = useQuery({
    queryKey: ['ready'],
    enabled: isLead,
    refetchInterval: 30_000,
    queryFn: () => take(api.GET('/ready')),
  })
  if (!isLead || !ready?.notice) return null
  return (
    <div className="no-worker" role="alert">
      <IconAlertTriangle size={16} stroke={1.8} />
      <span>{ready.notice}</span>
    </div>
  )
}
