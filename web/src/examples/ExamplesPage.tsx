import './examples.css'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useAddress } from '../lib/address'
import { useCommands } from '../lib/commands'
import { RunSelect } from '../lib/RunSelect'
import { useForm, useRuns } from '../lib/runs'
import { count } from '../lib/words'
import { Keys } from '../review/Keys'
import { Acts } from './Acts'
import { Filters } from './Filters'
import { History } from './History'
import { read, wanted as asWanted, write, isUnfiltered, type Asked, type Wanted } from './search'
import { Table } from './Table'
import { useOutline } from './usePages'

/** All examples of a run: found by filters, gone through by keyboard, moved many at once. */
export function ExamplesPage() {
  const [query, setQuery] = useAddress()
  const asked = read(query)
  const { data: runs, error } = useRuns()
  const run = asked.run || runs?.[0]?.id || 0
  const { data: form } = useForm(run)
  const sought = JSON.stringify(asWanted(asked, form?.fields ?? []))
  const wanted = useMemo(() => JSON.parse(sought) as Wanted, [sought]) // the same one while nothing else is looked for
  const outline = useOutline(form ? run : 0, wanted)
  const change = (part: Partial<Asked>) => setQuery(write({ ...asked, run, ...part }))
  const search = useRef<HTMLInputElement>(null)
  const [isActing, setActing] = useState(false),
    [isHelpOpen, setHelpOpen] = useState(false)
  const [said, setSaid] = useState('')
  useEffect(() => setSaid(''), [query])
  useCommands([
    { id: 'filter', keys: ['/'], title: 'Filter by text', group: 'Find', run: () => search.current?.select() },
    {
      id: 'leave',
      keys: ['Escape'],
      title: 'Leave the field, close what is open',
      group: 'Find',
      inField: true,
      run: () => leave(() => change({ open: '' })),
    },
    {
      id: 'clear',
      keys: ['c'],
      title: 'Clear all filters',
      group: 'Find',
      enabled: !isUnfiltered(asked),
      run: () => setQuery(write({ ...read(''), run, open: asked.open })),
    },
    {
      id: 'act',
      keys: ['b'],
      title: 'Act on all that are found',
      group: 'Examples',
      enabled: outline.examples > 0,
      run: () => setActing(true),
    },
    { id: 'help', keys: ['?'], title: 'Show all keys', group: 'Examples', run: () => setHelpOpen(true) },
  ])
  const failure = error ?? outline.error
  return (
    <main className="browse">
      <header className="top">
        <h1>Examples</h1>
        {runs && runs.length > 0 && (
          <RunSelect runs={runs} run={run} choose={(id) => setQuery(write({ ...read(''), run: id }))} />
        )}
        <span className="spring" />
        <span className="stat num" role="status" data-testid="count">
          {said ||
            (form && !outline.isPending && !failure && (
              <>
                <b>{count(outline.examples)}</b> {isUnfiltered(asked) ? 'examples' : 'found'}
                {!outline.isWhole && ' so far'}
              </>
            ))}
        </span>
        <button className="btn" disabled={!outline.examples} onClick={() => setActing(true)}>
          Act on all
        </button>
      </header>
      <Filters asked={asked} form={form} run={run} change={change} search={search} />
      <div className={`browse-body ${asked.open ? 'with-panel' : ''}`}>
        <div className="browse-list">
          {failure && (
            <p className="notice bad-notice" role="alert">
              {failure.message}
            </p>
          )}
          {runs && !runs.length && (
            <Empty title="No run yet">
              Start one with <code>prelabel submit</code>.
            </Empty>
          )}
          {form && !failure && outline.isWhole && !outline.examples && (
            <Empty title={isUnfiltered(asked) ? 'This run has no examples' : 'Nothing is found'}>
              {!isUnfiltered(asked) && (
                <button className="btn" onClick={() => setQuery(write({ ...read(''), run }))}>
                  Clear all filters
                </button>
              )}
            </Empty>
          )}
          {form && outline.examples > 0 && (
            <Table
              run={run}
              form={form}
              wanted={wanted}
              outline={outline}
              open={asked.open}
              show={(open) => change({ open })}
            />
          )}
          {!failure && (!form || outline.isPending) && !(runs && !runs.length) && (
            <div className="skeleton" aria-busy="true" aria-label="Loading" role="status">
              {Array.from({ length: 12 }, (_, at) => (
                <i key={at} />
              ))}
            </div>
          )}
        </div>
        {asked.open && form && (
          <History run={run} form={form} example={asked.open} close={() => change({ open: '' })} />
        )}
      </div>
      {isActing && (
        <Acts
          run={run}
          wanted={wanted}
          close={() => setActing(false)}
          done={(words) => {
            setActing(false)
            setSaid(words)
          }}
        />
      )}
      <Keys isOpen={isHelpOpen} close={() => setHelpOpen(false)} />
    </main>
  )
}

/** Out of the field that one types in, or else what `close` closes. */
function leave(close: () => void) {
  const at = document.activeElement
  if (at instanceof HTMLInputElement || at instanceof HTMLSelectElement || at instanceof HTMLTextAreaElement) at.blur()
  else close()
}

function Empty({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section className="nothing">
      <h2>{title}</h2>
      <p className="muted">{children}</p>
    </section>
  )
}
