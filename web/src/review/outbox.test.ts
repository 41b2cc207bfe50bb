import { expect, test } from 'vitest'
import { Failure, type Work } from '../lib/api'
import { Outbox, type Act, type Shelf } from './outbox'

const work = (slot: number): Work => ({ slot_id: slot, version: 1 }) as Work
const act = (token: string, over: Partial<Act> = {}): Act => ({
  token,
  kind: 'submit',
  work: work(1),
  label: { a: 1 },
  comment: '',
  seconds: 1,
  ...over,
})

function shelf(): Shelf & { kept: Act[] } {
  return {
    kept: [] as Act[],
    load: async function () {
      return this.kept
    },
    keep: async function (_key, acts) {
      this.kept = [...acts]
    },
  }
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 5))

test('acts are sent in their order', async () => {
  const sent: string[] = []
  const box = new Outbox(
    'k',
    () => {},
    shelf(),
    async (one) => {
      sent.push(one.token)
      return null
    },
  )
  await box.ready
  for (const token of ['a', 'b', 'c']) box.add(act(token))
  await settled()
  expect(sent).toEqual(['a', 'b', 'c'])
  expect(box.waiting).toBe(0)
})

test('what the server did not get is sent again, with the same token, also by the next page', async () => {
  const kept = shelf(),
    sent: string[] = []
  const gone = new Outbox(
    'k',
    () => {},
    kept,
    async () => {
      throw new Failure(0, 'away')
    },
  )
  await gone.ready
  gone.add(act('a'))
  gone.add(act('b'))
  await settled()
  expect(gone.state).toBe('offline')
  gone.close()
  const back = new Outbox(
    'k',
    () => {},
    kept,
    async (one) => {
      sent.push(one.token)
      return null
    },
  )
  await back.ready
  await settled()
  expect(sent).toEqual(['a', 'b'])
  expect(kept.kept).toEqual([])
})

test('an answer that is refused is kept for its reviewer, and the next go on', async () => {
  const sent: string[] = []
  const box = new Outbox(
    'k',
    () => {},
    shelf(),
    async (one) => {
      if (one.token === 'a') throw new Failure(409, 'somebody else has it')
      sent.push(one.token)
      return null
    },
  )
  await box.ready
  box.add(act('a'))
  box.add(act('b'))
  await settled()
  expect(sent).toEqual(['b'])
  expect(box.refused.map(({ act: one, why }) => [one.token, why])).toEqual([['a', 'somebody else has it']])
})

test('an undo of an answer that was refused undoes nothing else', async () => {
  const sent: string[] = []
  const box = new Outbox(
    'k',
    () => {},
    shelf(),
    async (one) => {
      if (one.token === 'a') throw new Failure(409, 'no')
      sent.push(one.token)
      return null
    },
  )
  await box.ready
  box.add(act('a'))
  box.add(act('u', { kind: 'undo', undoes: 'a' }))
  await settled()
  expect(sent).toEqual([])
})

test('after an undo the next answer names the version that the slot has then', async () => {
  const versions: number[] = []
  const box = new Outbox(
    'k',
    () => {},
    shelf(),
    async (one, version) => {
      versions.push(version)
      return one.kind === 'undo' ? { ...work(1), version: 4 } : null
    },
  )
  await box.ready
  box.add(act('a'))
  box.add(act('u', { kind: 'undo', undoes: 'a' }))
  box.add(act('b'))
  await settled()
  expect(versions).toEqual([1, 1, 4])
})

test('signed out, acts wait until somebody has signed in again', async () => {
  let isIn = false
  const sent: string[] = []
  const box = new Outbox(
    'k',
    () => {},
    shelf(),
    async (one) => {
      if (!isIn) throw new Failure(401, 'sign in')
      sent.push(one.token)
      return null
    },
  )
  await box.ready
  box.add(act('a'))
  await settled()
  expect(box.state).toBe('signed-out')
  isIn = true
  box.retry()
  await settled()
  expect(sent).toEqual(['a'])
})
