import { expect, test, vi } from 'vitest'
import type { Form, Work } from '../lib/api'
import { ReviewQueue } from './queue'

vi.mock('idb-keyval', () => ({ get: async () => undefined, set: async () => undefined }))
vi.mock('../lib/api', async (original) => ({
  ...(await original<object>()),
  api: {
    GET: async () => answered(form),
    POST: async (path: string) => answered(path.endsWith('/claim') ? claimed() : null),
  },
}))

const form = { run_id: 1, fields: [] } as unknown as Form
const answered = (data: unknown) => ({ data, response: new Response() })
let slot = 0
const claimed = () =>
  Array.from(
    { length: 10 },
    () =>
      ({
        slot_id: (slot += 1),
        run_id: 1,
        version: 1,
        content: { text: `text ${slot}` },
        draft: null,
      }) as unknown as Work,
  )
const settled = () => new Promise((resolve) => setTimeout(resolve))

/** How many objects hang on this one. */
function held(root: object): number {
  const seen = new Set<unknown>([root])
  for (const one of seen) {
    const parts =
      one instanceof Map
        ? [...one.keys(), ...one.values()]
        : one instanceof Set
          ? [...one]
          : Object.values(one as object)
    for (const part of parts) if (typeof part === 'object' && part !== null) seen.add(part)
  }
  return seen.size
}

async function answer(queue: ReviewQueue, times: number): Promise<number> {
  for (let time = 0; time < times; time++) {
    queue.answer('submit', { topic: 'billing' })
    await settled()
  }
  return queue.getSnapshot().done
}

test('a long sitting holds no more than a short one', async () => {
  const queue = new ReviewQueue('ann', 1),
    stop = queue.start()
  await settled()
  expect(await answer(queue, 150)).toBe(150)
  const before = held(queue)
  expect(await answer(queue, 300)).toBe(450)
  expect(held(queue)).toBeLessThan(before * 1.1)
  stop()
})

test('whoever looks is told only where there is something new to see', async () => {
  const queue = new ReviewQueue('ann', 1),
    stop = queue.start()
  await settled()
  const seen = [JSON.stringify(queue.getSnapshot())]
  queue.subscribe(() => seen.push(JSON.stringify(queue.getSnapshot())))
  await answer(queue, 3)
  expect(seen.length).toBeGreaterThan(3)
  expect(seen.filter((one, at) => one === seen[at + 1])).toEqual([])
  stop()
})
