import './conflicts.css'
import { IconAlertTriangle, IconKeyboard } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useAddress } from '../lib/address'
import { api, take } from '../lib/api'
import { Kbd, useCommands } from '../lib/commands'
import { RunSelect } from '../lib/RunSelect'
import { useForm, useRuns } from '../lib/runs'
import { reaches, useSession } from '../lib/session'
import { count } from '../lib/words'
import { Keys } from '../review/Keys'
import { Both } from './Both'
import { useConflicts, useSearch } from './useConflicts'

/** Labels of a run that contradict each other, one conflict after the other, by keyboard. */
export function ConflictsPage() {
  const [query, setQuery] = useAddress()
  const { data: runs, error } = useRuns()
  const run = Number(new URLSearchParams(query).get('run')) || runs?.[0]?.id || 0
  const { data: form } = useForm(run)
  const [isHelpOpen, setHelpOpen] = useState(false)
  useCommands([{ id: 'help', keys: ['?'], title: 'Show all keys', group: 'Conflicts', run: () => setHelpOpen(true) }])
  return (
    <main className="frame conflicts">
      <header className="top">
        <h1>Conflicts</h1>
        {runs && runs.length > 0 && <RunSelect runs={runs} run={run} choose={(id) => setQuery(`run=${id}`)} />}
        <span className="spring" />
        <button className="btn" onClick={() => setHelpOpen(true)} aria-label="Keys">
          <IconKeyboard size={18} stroke={1.7} />
          <Kbd k="?" />
        </button>
      </header>
      {error && (
        <p className="notice bad-notice" role="alert">
          {error.message}
        </p>
      )}
      {runs && !runs.length && (
        <section className="nothing">
          <h2>No run yet</h2>
          <p className="muted">
            Start one with <code>prelabel submit</code>.
          </p>
        </section>
      )}
      {form && form.run_id === run && <OfRun key={run} run={run} form={form} />}
      <Keys isOpen={isHelpOpen} close={() => setHelpOpen(false)} />
    </main>
  )
}

function OfRun({ run, form }: { run: number; form: NonNullable<ReturnType<typeof useForm>['data']> }) {
  const { data: search, error } = useSearch(run)
  const conflicts = useConflicts(run, search?.finished_at ? search.id : undefined)
  const failure = error ?? conflicts.error
  useCommands([
    {
      id: 'undo',
      keys: ['z', 'Mod+z'],
      title: 'Take back what was decided last',
      group: 'Conflicts',
      enabled: conflicts.mayUndo,
      run: conflicts.undo,
    },
  ])
  if (failure)
    return (
      <p className="notice bad-notice" role="alert">
        {failure.message}
      </p>
    )
  if (search === undefined) return <section className="nothing" aria-busy="true" />
  if (!search?.finished_at || search.failure) return <Search run={run} search={search} />
  return (
    <>
      <div className="notices" role={conflicts.refused.length ? 'alert' : undefined}>
        {conflicts.refused.map(({ id, why }) => (
          <div key={id} className="notice">
            <IconAlertTriangle size={17} />
            <span>{why}</span>
            <button className="btn" onClick={() => conflicts.forget(id)}>
              Dismiss
            </button>
          </div>
        ))}
      </div>
      {conflicts.current && (
        <Both
          key={conflicts.current.id}
          conflict={conflicts.current}
          form={form}
          act={conflicts.act}
          skip={conflicts.skip}
          undo={conflicts.mayUndo ? conflicts.undo : undefined}
          left={conflicts.left}
          isMore={conflicts.isMore}
          fixed={conflicts.fixed}
        />
      )}
      {conflicts.isEmpty && (
        <Nothing
          run={run}
          title={conflicts.fixed ? 'All decided' : 'No open conflicts'}
          undo={conflicts.mayUndo ? conflicts.undo : undefined}
          again
        >
          {count(search.examples)} settled examples were compared
          {conflicts.fixed > 0 &&
            `; ${count(conflicts.fixed)} ${conflicts.fixed === 1 ? 'conflict' : 'conflicts'} decided in this sitting`}
          .
        </Nothing>
      )}
      {!conflicts.current && !conflicts.isEmpty && <section className="nothing" aria-busy="true" />}
    </>
  )
}

function Search({ run, search }: { run: number; search: { share: number; failure: string } | null }) {
  if (search && !search.failure) {
    return (
      <section className="nothing" aria-busy="true">
        <h2>Searching</h2>
        <p className="muted" role="status">
          {Math.round(search.share * 100)}% of the settled examples are compared.
        </p>
      </section>
    )
  }
  return (
    <Nothing run={run} title={search ? 'The search broke off' : 'Not searched yet'}>
      {search ? search.failure : 'Settled labels are compared with each other, and what contradicts is listed here.'}
    </Nothing>
  )
}

type NothingProps = {
  run: number
  title: string
  again?: boolean
  undo?: (() => void) | undefined
  children: React.ReactNode
}

function Nothing({ run, title, again = false, undo, children }: NothingProps) {
  const client = useQueryClient()
  const { data: session } = useSession()
  const [fault, setFault] = useState('')
  const search = async () => {
    try {
      await take(api.POST('/v1/runs/{run_id}/conflicts', { params: { path: { run_id: run } } }))
      await client.invalidateQueries({ queryKey: ['conflict-search', run] })
    } catch (error) {
      setFault((error as Error).message)
    }
  }
  return (
    <section className="nothing">
      <h2>{title}</h2>
      <p className="muted">{children}</p>
      {reaches(session?.role ?? 'reviewer', 'lead') ? (
        <button className="btn primary" onClick={() => void search()}>
          {again ? 'Search again' : 'Search'}
        </button>
      ) : (
        <p className="muted">A lead can have it searched{again && ' again'}.</p>
      )}
      {undo && (
        <button className="btn" onClick={undo}>
          Undo
          <Kbd k="Z" />
        </button>
      )}
      {fault && (
        <p className="bad" role="alert">
          {fault}
        </p>
      )}
    </section>
  )
}
