import { IconArrowBackUp, IconFlag, IconKeyboard, IconPlayerSkipForward } from '@tabler/icons-react'
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore, type ReactNode } from 'react'
import { Kbd, useCommands, usePulse } from '../lib/commands'
import { useOnlyTab } from '../lib/onlyTab'
import { useSession } from '../lib/session'
import { Ask } from './Ask'
import { Editor } from './Editor'
import { Header } from './Header'
import { Keys } from './Keys'
import { Notices } from './Notices'
import { Nothing } from './Nothing'
import type { Act } from './outbox'
import { ReviewQueue, type Shown } from './queue'

type Props = { runId?: number; forSenior?: boolean }

/** One example after the other, by keyboard. */
export function ReviewPage({ runId, forSenior = false }: Props) {
  const { data: session } = useSession()
  const tab = useOnlyTab(`review:${session?.name}`)
  if (!tab.isMine) {
    return (
      <main className="frame empty">
        <h1>You are reviewing in another tab</h1>
        <p className="muted">Two tabs would show you the same examples.</p>
        <button className="btn primary" onClick={tab.take}>
          Go on in this one
        </button>
      </main>
    )
  }
  return (
    <Reviewing
      key={`${session?.name} ${runId} ${forSenior}`}
      user={session?.name ?? ''}
      runId={runId}
      forSenior={forSenior}
    />
  )
}

function Reviewing({ user, runId, forSenior }: Props & { user: string }) {
  const queue = useMemo(() => new ReviewQueue(user, runId, forSenior), [user, runId, forSenior])
  useEffect(() => queue.start(), [queue])
  const snapshot = useSyncExternalStore(queue.subscribe, queue.getSnapshot)
  const { current } = snapshot
  const [asking, setAsking] = useState<'skip' | 'flag' | null>(null)
  const [isHelpOpen, setHelpOpen] = useState(false)
  const closeHelp = useCallback(() => setHelpOpen(false), []),
    closeAsk = useCallback(() => setAsking(null), [])
  const say = useCallback(
    (about: 'skip' | 'flag', why: string) => {
      queue.answer(about, null, why)
      setAsking(null)
    },
    [queue],
  )
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      if (queue.getSnapshot().unsent) event.preventDefault()
    }
    addEventListener('beforeunload', warn)
    return () => removeEventListener('beforeunload', warn)
  }, [queue])
  useCommands([
    {
      id: 'undo',
      keys: ['z', 'Mod+z', 'ArrowLeft'],
      title: 'Take back the last answer',
      group: 'Queue',
      run: () => queue.undo(),
    },
    {
      id: 'skip',
      keys: ['s'],
      title: 'Skip: leave it to someone else',
      group: 'Queue',
      enabled: !!current,
      run: () => queue.answer('skip', null),
    },
    {
      id: 'skip-why',
      keys: ['Shift+s'],
      title: 'Skip, and say why',
      group: 'Queue',
      enabled: !!current,
      run: () => setAsking('skip'),
    },
    {
      id: 'flag',
      keys: ['f'],
      title: 'Flag: it cannot be labeled',
      group: 'Queue',
      enabled: !!current,
      run: () => setAsking('flag'),
    },
    { id: 'help', keys: ['?'], title: 'Show all keys', group: 'Queue', run: () => setHelpOpen(true) },
  ])
  const foot = (
    <Foot
      past={snapshot.past}
      hasWork={!!current}
      undo={() => queue.undo()}
      skip={() => queue.answer('skip', null)}
      flag={() => setAsking('flag')}
      help={() => setHelpOpen(true)}
      names={current}
    />
  )
  return (
    <main className="frame">
      <Header snapshot={snapshot} forSenior={!!forSenior} />
      <Notices snapshot={snapshot} dismiss={(token) => queue.dismiss(token)} again={() => queue.signedIn()} />
      {current ? (
        <Editor queue={queue} shown={current} forSenior={!!forSenior} foot={foot} />
      ) : (
        <Nothing snapshot={snapshot} foot={foot} />
      )}
      <Ask about={asking} close={closeAsk} say={say} />
      <Keys isOpen={isHelpOpen} close={closeHelp} />
    </main>
  )
}

type FootProps = {
  past: Act[]
  hasWork: boolean
  names: Shown | null
  undo: () => void
  skip: () => void
  flag: () => void
  help: () => void
}

function Foot({ past, hasWork, undo, skip, flag, help }: FootProps) {
  return (
    <>
      <Button
        id="skip"
        title="Skip"
        k="S"
        icon={<IconPlayerSkipForward size={17} stroke={1.8} />}
        run={skip}
        isOff={!hasWork}
      />
      <Button id="flag" title="Flag" k="F" icon={<IconFlag size={17} stroke={1.8} />} run={flag} isOff={!hasWork} />
      <Button
        id="undo"
        title="Undo"
        k="Z"
        icon={<IconArrowBackUp size={17} stroke={1.8} />}
        run={undo}
        isOff={!past.length}
      />
      <span className="spring" />
      <div className="history" role="group" aria-label="Your last answers">
        {past.slice(-3).map((act) => (
          <span key={act.token} className={`chip ${tone(act)}`}>
            <bdi>{said(act)}</bdi>
          </span>
        ))}
      </div>
      <Button id="help" title="Keys" k="?" icon={<IconKeyboard size={18} stroke={1.7} />} run={help} />
    </>
  )
}

type ButtonProps = { id: string; title: string; k: string; icon: ReactNode; run: () => void; isOff?: boolean }

function Button({ id, title, k, icon, run, isOff = false }: ButtonProps) {
  const pulse = usePulse()
  return (
    <button className={`btn ${pulse === id ? 'pulse' : ''}`} onClick={run} disabled={isOff} aria-label={title}>
      {icon}
      <span className="word">{title}</span>
      <Kbd k={k} />
    </button>
  )
}

const tone = (act: Act) => (act.kind === 'submit' ? '' : 'warn')

function said(act: Act): string {
  if (act.kind === 'skip') return 'skipped'
  if (act.kind === 'flag') return 'flagged'
  const [name, value] = Object.entries(act.label ?? {}).find(([, one]) => one !== null) ?? ['', null]
  const text =
    typeof value === 'string'
      ? value.replaceAll('_', ' ')
      : Array.isArray(value)
        ? `${value.length} ${name}`
        : String(value)
  return text.length > 26 ? `${text.slice(0, 26)}…` : text
}
