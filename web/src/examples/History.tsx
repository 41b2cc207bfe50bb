import {
  IconArrowBackUp,
  IconCheck,
  IconFlag,
  IconPlayerSkipForward,
  IconSparkles,
  IconUserCheck,
  IconX,
} from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { api, take, type Act, type Form, type History as Past, type Label } from '../lib/api'
import { Kbd } from '../lib/commands'
import { inWords } from '../lib/summary'
import { moment, percent, shown, title } from '../lib/words'
import { Content } from '../review/Content'

type Props = { run: number; form: Form; example: string; close: () => void }

/** All that is known of an example, and every act in its order. */
export function History({ run, form, example, close }: Props) {
  const { data, error } = useQuery({
    queryKey: ['history', run, example],
    retry: false,
    queryFn: () =>
      take(api.GET('/v1/runs/{run_id}/examples/history', { params: { path: { run_id: run }, query: { example } } })),
  })
  return (
    <aside className="panel" aria-label={`Example ${example}`}>
      <header>
        <h2 className="num">
          <bdi>{example}</bdi>
        </h2>
        <span className="spring" />
        <button className="btn" onClick={close} aria-label="Close">
          <IconX size={17} />
          <Kbd k="Escape" />
        </button>
      </header>
      {error && (
        <p className="bad" role="alert">
          {error.message}
        </p>
      )}
      {!data && !error && (
        <p className="muted" role="status">
          Loading …
        </p>
      )}
      {data && <Known past={data} form={form} />}
    </aside>
  )
}

function Known({ past, form }: { past: Past; form: Form }) {
  const { record } = past
  const dollars = past.acts.reduce((sum, act) => sum + Number(act.drafted?.dollars ?? 0), 0)
  const seconds = past.acts.reduce((sum, act) => sum + (act.seconds ?? 0), 0)
  return (
    <>
      {record.removed_at ? (
        <p className="muted">
          Its content was removed on {moment(record.removed_at)}: the project keeps none for longer. In written labels
          each word is a number since.
        </p>
      ) : (
        <Content content={record.content} without={[]} />
      )}
      <dl className="facts">
        <Fact name="Label">
          {record.label ? (
            <Said label={record.label} form={form} content={record.content} />
          ) : (
            <span className="muted">none yet</span>
          )}
        </Fact>
        {record.source && (
          <Fact name="Where it came from">
            {title(record.source)}
            {record.reviewer && (
              <>
                , <bdi>{record.reviewer}</bdi>
              </>
            )}
          </Fact>
        )}
        <Fact name="Place">
          {title(record.status)}
          {record.reason && `: ${title(record.reason).toLowerCase()}`}
        </Fact>
        {past.note && (
          <Fact name="Note">
            <bdi>{shown(past.note)}</bdi>
          </Fact>
        )}
        {past.wanted.length > 0 && <Fact name="Asked">{past.wanted.map((who) => who || 'nobody yet').join(', ')}</Fact>}
        {record.gold && (
          <Fact name="Gold">
            <Said label={record.gold} form={form} content={record.content} />
          </Fact>
        )}
        <Fact name="Cost">
          {money(dollars)} for the model, {Math.round(seconds)} s of people
        </Fact>
      </dl>
      <ol className="acts-list" aria-label="What happened">
        {past.acts.map((act, at) => (
          <li key={at} className={act.is_undone ? 'undone' : ''}>
            <ActView act={act} past={past} form={form} />
          </li>
        ))}
        {!past.acts.length && <li className="muted">Nothing yet.</li>}
      </ol>
    </>
  )
}

const ICONS: Record<string, ReactNode> = {
  draft: <IconSparkles size={15} />,
  confirmed: <IconUserCheck size={15} />,
  corrected: <IconUserCheck size={15} />,
  skipped: <IconPlayerSkipForward size={15} />,
  flagged: <IconFlag size={15} />,
  undone: <IconArrowBackUp size={15} />,
  label: <IconCheck size={15} />,
}

function ActView({ act, past, form }: { act: Act; past: Past; form: Form }) {
  const { drafted } = act
  return (
    <>
      <span className={`act-icon ${act.what}`}>{ICONS[act.what]}</span>
      <div>
        <p>
          <b>{heading(act)}</b>{' '}
          <span className="muted">
            <bdi>{act.what === 'label' ? title(act.who) : act.who}</bdi>
            {act.seconds != null && `, ${Math.round(act.seconds)} s`}
            {act.reason && `, ${title(act.reason).toLowerCase()}`}
          </span>
        </p>
        {act.label && <Said label={act.label} form={form} content={past.record.content} odds={drafted?.confidences} />}
        {act.note && (
          <p className="act-note">
            <bdi>{shown(act.note)}</bdi>
          </p>
        )}
        {drafted && <Runners drafted={drafted} label={act.label ?? {}} />}
        {drafted && (
          <p className="muted small">
            Prompt {drafted.prompt}
            {drafted.calls > 0 &&
              `, ${drafted.calls} ${drafted.calls === 1 ? 'call' : 'calls'}, ${drafted.dollars === null ? 'no price known' : money(Number(drafted.dollars))}, ${drafted.seconds.toFixed(1)} s`}
          </p>
        )}
        <time className="muted small num" dateTime={act.created_at}>
          {new Date(act.created_at).toLocaleString()}
        </time>
      </div>
    </>
  )
}

function heading(act: Act): string {
  if (act.what === 'label') return act.holds ? 'Settled, holds' : 'Settled'
  if (act.what === 'draft') return act.label ? 'Drafted' : 'Draft failed'
  if (act.what === 'undone') return 'Took an answer back'
  return `${act.for_senior ? 'Decided: ' : ''}${title(act.what)}${act.is_undone ? ', taken back' : ''}`
}

/** What the model thought possible besides, the likeliest first. */
function Runners({ drafted, label }: { drafted: NonNullable<Act['drafted']>; label: Label }) {
  const found = Object.entries(drafted.alternatives).flatMap(([name, odds]) =>
    Object.entries(odds)
      .filter(([value]) => value !== String(label[name]))
      .sort((a, b) => b[1] - a[1])
      .slice(0, 3)
      .map(([value, share]) => ({ name, value, share })),
  )
  if (!found.length) return null
  return <p className="small muted">Or {found.map((one) => `${title(one.value)} ${percent(one.share)}`).join(', ')}</p>
}

function Said({
  label,
  form,
  content,
  odds,
}: {
  label: Label
  form: Form
  content: Record<string, unknown>
  odds?: Record<string, number> | undefined
}) {
  return (
    <span className="said-fields">
      {form.fields
        .filter((field) => label[field.name] !== null && label[field.name] !== undefined)
        .map((field) => (
          <span key={field.name}>
            {form.fields.length > 1 && <span className="muted">{title(field.name)}: </span>}
            <bdi>{inWords(label[field.name], field, content).join(', ') || 'none'}</bdi>
            {odds?.[field.name] !== undefined && <span className="num muted"> {percent(odds[field.name])}</span>}
          </span>
        ))}
    </span>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

const money = (dollars: number) =>
  `$${dollars === 0 ? '0' : dollars < 0.01 ? dollars.toFixed(6).replace(/0+$/, '') : dollars.toFixed(2)}`
