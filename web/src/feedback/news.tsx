import { IconMessage2 } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { memo } from 'react'
import { Link } from 'wouter'
import { api, take } from '../lib/api'
import { useSession } from '../lib/session'

const AGAIN_AFTER = 60_000
const MOST = 99

/** The newest piece of feedback that somebody has looked at in this browser; 0 where there was none. */
export function seen(user: string): number {
  try {
    return Number(localStorage.getItem(`feedback:${user}`)) || 0
  } catch {
    return 0 // a browser that keeps nothing
  }
}

export function markSeen(user: string, id: number): void {
  try {
    localStorage.setItem(`feedback:${user}`, String(id))
  } catch {
    // all of it is new then, each time
  }
}

/** The way to one's feedback, with how many pieces are new since one last looked. `onlyNews`: none where nothing is new. */
export const FeedbackLink = memo(function FeedbackLink({ onlyNews = false }: { onlyNews?: boolean }) {
  const { data: session } = useSession()
  const after = seen(session?.name ?? '')
  const { data } = useQuery({
    queryKey: ['feedback-news', session?.name, after],
    enabled: !!session,
    refetchInterval: AGAIN_AFTER,
    queryFn: () => take(api.GET('/v1/queue/feedback', { params: { query: { after, limit: MOST } } })),
  })
  const news = data?.items.length ?? 0
  if (onlyNews && !news) return null
  return (
    <Link className="btn feedback-link" href="/feedback">
      <IconMessage2 size={17} stroke={1.7} />
      <span>Feedback</span>
      {news > 0 && (
        <b className="num">
          {news}
          {data?.next != null && '+'} new
        </b>
      )}
    </Link>
  )
})
