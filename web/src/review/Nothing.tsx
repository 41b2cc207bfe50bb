import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { Snapshot } from './queue'

/** There is nothing to review, or it is not here yet. */
export function Nothing({ snapshot, foot }: { snapshot: Snapshot; foot: ReactNode }) {
  return (
    <>
      <section className="nothing" aria-busy={!snapshot.isEmpty}>
        {snapshot.isEmpty && (
          <>
            <h2>{snapshot.done ? 'All done here' : 'Nothing to review now'}</h2>
            <p className="muted">New examples appear by themselves as soon as there are any for you.</p>
            <Link className="btn" href="/">
              Other runs
            </Link>
          </>
        )}
      </section>
      <footer className="foot">{foot}</footer>
    </>
  )
}
