import { IconAlertTriangle } from '@tabler/icons-react'
import { SignIn } from '../shell/SignIn'
import type { Snapshot } from './queue'

/** What the reviewer has to know of the way of their answers; nothing that they entered is gone. */
export function Notices({
  snapshot,
  dismiss,
  again,
}: {
  snapshot: Snapshot
  dismiss: (token: string) => void
  again: () => void
}) {
  const { state, refused, lost } = snapshot
  if (state !== 'signed-out' && !refused.length && !lost) return <div className="notices" />
  return (
    <div className="notices" role="alert">
      {state === 'signed-out' && <SignIn title="Sign in again: your answers are kept and go on then" done={again} />}
      {refused.map(({ act, why }) => (
        <div key={act.token} className="notice">
          <IconAlertTriangle size={17} />
          <span>
            Your answer to <b>{act.work.example_id}</b> was not taken: {why}
            {act.label && <code>{JSON.stringify(act.label)}</code>}
          </span>
          <button className="btn" onClick={() => dismiss(act.token)}>
            Dismiss
          </button>
        </div>
      ))}
      {lost > 0 && (
        <div className="notice quiet">
          {lost} {lost === 1 ? 'example' : 'examples'} held too long went to someone else. Nothing of yours is lost.
        </div>
      )}
    </div>
  )
}
