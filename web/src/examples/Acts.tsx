import { Modal } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { api, take } from '../lib/api'
import { count } from '../lib/words'
import type { Wanted } from './search'

type Act = 'requeue' | 'close' | 'assign' | 'unassign' | 'first' | 'last' | 'own'
type Given = { note: string; user: string; days: number }
type Done = { examples: number; left: Record<string, number> }

const ACTS: { id: Act; name: string; about: string; will: string; did: string }[] = [
  {
    id: 'requeue',
    name: 'Requeue',
    about: 'People look at settled or failed examples again, first in the queue.',
    will: 'Requeue',
    did: 'requeued',
  },
  {
    id: 'close',
    name: 'Close',
    about: 'Nobody is asked about queued examples any more; they are set aside as failed.',
    will: 'Close',
    did: 'closed',
  },
  {
    id: 'assign',
    name: 'Assign',
    about: 'One person gets queued examples before all others, and alone.',
    will: 'Assign',
    did: 'assigned',
  },
  {
    id: 'unassign',
    name: 'Take back',
    about: 'What was assigned and is not open on anyone’s page is for all again.',
    will: 'Take back',
    did: 'taken back',
  },
  {
    id: 'first',
    name: 'Put first',
    about: 'Queued examples stand before all others.',
    will: 'Put first',
    did: 'put first',
  },
  {
    id: 'last',
    name: 'Put last',
    about: 'Queued examples stand behind all others.',
    will: 'Put last',
    did: 'put last',
  },
  {
    id: 'own',
    name: 'Own order',
    about: 'Queued examples stand where the queue’s own order has them.',
    will: 'Put back',
    did: 'put back',
  },
]

/** Does it, or with `dry_run` says what it would do. */
function carryOut(run: number, examples: Wanted, act: Act, given: Given, dry_run: boolean): Promise<Done> {
  const params = { path: { run_id: run } },
    body = { examples, dry_run }
  const note = given.note.trim() || (dry_run ? '–' : '')
  const user = given.user.trim()
  if (act === 'requeue')
    return take(api.POST('/v1/runs/{run_id}/examples/requeue', { params, body: { ...body, note } }))
  if (act === 'close') return take(api.POST('/v1/runs/{run_id}/examples/close', { params, body: { ...body, note } }))
  if (act === 'assign')
    return take(api.POST('/v1/runs/{run_id}/examples/assign', { params, body: { ...body, user, days: given.days } }))
  if (act === 'unassign')
    return take(api.POST('/v1/runs/{run_id}/examples/unassign', { params, body: { ...body, user: user || null } }))
  return take(api.POST('/v1/runs/{run_id}/examples/prioritize', { params, body: { ...body, to: act } }))
}

type Props = { run: number; wanted: Wanted; close: () => void; done: (words: string) => void }

/** What a lead does to all examples that are found: chosen, counted, confirmed. */
export function Acts({ run, wanted, close, done }: Props) {
  const client = useQueryClient()
  const [id, setId] = useState<Act>('requeue')
  const [given, setGiven] = useState<Given>({ note: '', user: '', days: 3 })
  const [fault, setFault] = useState(''),
    [isBusy, setBusy] = useState(false)
  const act = ACTS.find((one) => one.id === id)!
  const needsNote = id === 'requeue' || id === 'close',
    needsUser = id === 'assign'
  const plan = useQuery({
    queryKey: ['plan', run, wanted, id, needsUser || id === 'unassign' ? given.user.trim() : ''],
    enabled: !needsUser || given.user.trim() !== '',
    staleTime: 0,
    gcTime: 0,
    retry: false,
    queryFn: () => carryOut(run, wanted, id, given, true),
  })
  const isReady = !!plan.data?.examples && !plan.isFetching && !isBusy && (!needsNote || given.note.trim() !== '')
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (!isReady) return
    setBusy(true)
    try {
      const { examples } = await carryOut(run, wanted, id, given, false)
      await Promise.all(
        ['outline', 'examples', 'history'].map((name) => client.invalidateQueries({ queryKey: [name, run] })),
      )
      done(`${count(examples)} ${examples === 1 ? 'example' : 'examples'} ${act.did}`)
    } catch (error) {
      setFault((error as Error).message)
      setBusy(false)
    }
  }
  return (
    <Modal
      opened
      onClose={close}
      title="All examples that are found"
      centered
      size={520}
      radius={18}
      transitionProps={{ duration: 0 }}
    >
      <form className="act" onSubmit={(event) => void submit(event)}>
        <label>
          What to do
          <select
            className="control"
            data-autofocus
            value={id}
            onChange={(event) => {
              setId(event.target.value as Act)
              setFault('')
            }}
          >
            {ACTS.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
        <p className="muted">{act.about}</p>
        {needsNote && (
          <label>
            Why, for those who see the examples
            <input
              className="control"
              required
              maxLength={500}
              value={given.note}
              dir="auto"
              onChange={(event) => setGiven({ ...given, note: event.target.value })}
            />
          </label>
        )}
        {(needsUser || id === 'unassign') && (
          <People run={run} value={given.user} isNeeded={needsUser} set={(user) => setGiven({ ...given, user })} />
        )}
        {needsUser && (
          <label>
            For so many days
            <input
              className="control"
              type="number"
              min={1}
              max={365}
              value={given.days}
              onChange={(event) => setGiven({ ...given, days: Number(event.target.value) || 1 })}
            />
          </label>
        )}
        <Plan plan={plan.data} isCounting={plan.isFetching} fault={fault || plan.error?.message || ''} did={act.did} />
        <div className="acts">
          <button className="btn" type="button" onClick={close}>
            Cancel
          </button>
          <button className="btn primary" type="submit" disabled={!isReady}>
            {act.will}
            {plan.data && !plan.isFetching ? ` ${count(plan.data.examples)}` : ''}
          </button>
        </div>
      </form>
    </Modal>
  )
}

/** How many it would be, and how many are left alone and why. */
function Plan({
  plan,
  isCounting,
  fault,
  did,
}: {
  plan: Done | undefined
  isCounting: boolean
  fault: string
  did: string
}) {
  if (fault)
    return (
      <p className="bad" role="alert">
        {fault}
      </p>
    )
  if (isCounting)
    return (
      <p className="muted plan" role="status">
        Counting …
      </p>
    )
  if (!plan) return <p className="plan" role="status" />
  const left = Object.entries(plan.left)
  return (
    <div className="plan" role="status" data-testid="plan">
      <p>
        <b className="num">{count(plan.examples)}</b> {plan.examples === 1 ? 'example is' : 'examples are'} {did}.
      </p>
      {left.map(([why, number]) => (
        <p key={why} className="muted">
          <span className="num">{count(number)}</span> left alone: {why}
        </p>
      ))}
    </div>
  )
}

function People({
  run,
  value,
  isNeeded,
  set,
}: {
  run: number
  value: string
  isNeeded: boolean
  set: (user: string) => void
}) {
  const { data } = useQuery({
    queryKey: ['reviewers', run],
    queryFn: () =>
      take(api.GET('/v1/runs/{run_id}/reviewers', { params: { path: { run_id: run }, query: { limit: 500 } } })),
  })
  const [typed, setTyped] = useState(value)
  return (
    <label>
      {isNeeded ? 'To whom' : 'From whom; empty: from everyone'}
      <input
        className="control"
        list="people"
        required={isNeeded}
        value={typed}
        autoComplete="off"
        onChange={(event) => setTyped(event.target.value)}
        onBlur={() => set(typed)}
      />
      <datalist id="people">
        {data?.items.map((one) => (
          <option key={one.id} value={one.name} />
        ))}
      </datalist>
    </label>
  )
}
