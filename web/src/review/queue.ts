import { api, take, type Form, type Label, type Work } from '../lib/api'
import { follow } from '../lib/live'
import { Outbox, type Act, type Refused, type State } from './outbox'

/** An example on the screen. `entered`: what its reviewer had put in before, also by an answer that they took back. */
export type Shown = { work: Work; form: Form; entered: Label | null; comment: string; since: number }
export type Snapshot = {
  current: Shown | null
  past: Act[] // the newest of this sitting, as far as one can go back
  done: number
  unsent: number
  state: State
  refused: Refused[]
  isEmpty: boolean
  lost: number // examples that went to someone else before they were answered
}

const LOW = 5,
  PAGE = 10
/** Answers that one can go back to: each is held with its example. */
const MOST_BACK = 100
const RENEW_EVERY = 60_000,
  LOOK_AGAIN_AFTER = 5_000,
  LOOK_ANYHOW_AFTER = 60_000

/** The next examples of the queue, held in memory with their leases, and the answers on their way to the server.
 *
 *  Nothing here waits for the network: the next example is there before it is wanted, and an answer is sent behind the page's back.
 */
export class ReviewQueue {
  private ahead: Shown[] = []
  private past: Act[] = []
  private done = 0
  private current: Shown | null = null
  private isLoading = false
  private isEmpty = false
  private lost = 0
  private unlisten: (() => void) | undefined
  private readonly forms = new Map<number, Form>()
  private readonly heard = new Set<() => void>()
  private readonly timers: ReturnType<typeof setInterval>[] = []
  private readonly outbox: Outbox
  private snapshot: Snapshot

  constructor(
    user: string,
    private readonly runId: number | undefined,
    private readonly forSenior = false,
  ) {
    this.outbox = new Outbox(`outbox:${user}`, () => this.tell())
    this.snapshot = this.look()
  }

  /** Starts to work; returns how to stop, which gives back what is held. */
  start(): () => void {
    void this.outbox.ready.then(() => this.fill())
    this.timers.push(setInterval(() => void this.renew(), RENEW_EVERY))
    // That somebody gives a run's examples back is told by no event.
    this.timers.push(
      setInterval(() => this.isEmpty && void this.fill(), this.runId ? LOOK_AGAIN_AFTER : LOOK_ANYHOW_AFTER),
    )
    const online = () => this.outbox.retry()
    addEventListener('online', online)
    return () => {
      this.timers.forEach(clearInterval)
      this.outbox.close()
      this.stopListening()
      removeEventListener('online', online)
      this.release()
    }
  }

  subscribe = (tell: () => void) => {
    this.heard.add(tell)
    return () => {
      this.heard.delete(tell)
    }
  }
  getSnapshot = () => this.snapshot

  answer(kind: 'submit' | 'skip' | 'flag', label: Label | null, comment = ''): void {
    const shown = this.current
    if (!shown) return
    const seconds = Math.min((performance.now() - shown.since) / 1000, 86_400)
    const act: Act = {
      token: crypto.randomUUID(),
      kind,
      work: shown.work,
      label,
      comment,
      seconds: Math.round(seconds * 10) / 10,
    }
    this.past = [...this.past, act].slice(-MOST_BACK)
    this.done += 1
    this.show(this.ahead.shift() ?? null)
    this.outbox.add(act)
    void this.fill()
  }

  /** Back to the example that was answered last, with what was answered. */
  undo(): boolean {
    const last = this.past.at(-1)
    const form = last && this.forms.get(last.work.run_id)
    if (!last || !form) return false
    this.past = this.past.slice(0, -1)
    this.done -= 1
    if (!this.outbox.recall(last.token)) {
      this.outbox.add({ ...last, token: crypto.randomUUID(), kind: 'undo', undoes: last.token })
    }
    if (this.current) this.ahead.unshift(this.current)
    this.show({ work: last.work, form, entered: last.label, comment: last.comment, since: 0 })
    return true
  }

  /** Remembers what is entered, and keeps it on the server for when the reviewer comes back. */
  enter(label: Label, comment: string): void {
    const shown = this.current
    if (!shown) return
    this.current = { ...shown, entered: label, comment }
    const params = { path: { slot_id: shown.work.slot_id } }
    void api.PUT('/v1/queue/{slot_id}/scratch', { params, body: { label, comment } }).catch(() => undefined)
  }

  dismiss(token: string): void {
    this.outbox.dismiss(token)
  }

  signedIn(): void {
    this.outbox.retry()
    void this.fill()
  }

  private show(next: Shown | null): void {
    this.current = next && { ...next, since: performance.now() }
    this.tell()
  }

  private async fill(): Promise<void> {
    if (this.isLoading || this.ahead.length >= LOW) return
    this.isLoading = true
    try {
      const held = new Set([this.current, ...this.ahead].flatMap((one) => one?.work.slot_id ?? []))
      const answered = new Set([...this.past.map((act) => act.work.slot_id), ...this.outbox.slots])
      const limit = Math.min(100, held.size + PAGE)
      const found = await this.claim(limit)
      for (const work of found) {
        if (held.has(work.slot_id) || answered.has(work.slot_id)) continue
        this.ahead.push(await this.prepared(work))
      }
      this.isEmpty = !this.ahead.length
      if (this.isEmpty && !this.current) this.listen()
      else this.stopListening()
    } catch {
      setTimeout(() => void this.fill(), LOOK_AGAIN_AFTER)
    } finally {
      this.isLoading = false
    }
    if (!this.current) this.show(this.ahead.shift() ?? null)
    else this.tell()
  }

  /** The server tells when there is work again; while there is some, the connection is left to others. */
  private listen(): void {
    this.unlisten ??= this.runId
      ? follow<{ places: Record<string, number> }>(`/v1/runs/${this.runId}/events`, 'run', ({ places }) => {
          if (places.queued) void this.fill()
        })
      : follow<{ work: boolean; cases?: boolean }>('/v1/queue/events', 'queue', (has) => {
          if (this.forSenior ? has.cases : has.work) void this.fill()
        })
  }

  private stopListening(): void {
    this.unlisten?.()
    this.unlisten = undefined
  }

  private claim(limit: number): Promise<Work[]> {
    const body = { limit, run_id: this.runId ?? null }
    return take(
      this.forSenior ? api.POST('/v1/queue/adjudications/claim', { body }) : api.POST('/v1/queue/claim', { body }),
    )
  }

  /** With its form and its images, so that nothing is to be waited for when it is shown. */
  private async prepared(work: Work): Promise<Shown> {
    let form = this.forms.get(work.run_id)
    if (!form) {
      form = await take(api.GET('/v1/runs/{run_id}/form', { params: { path: { run_id: work.run_id } } }))
      this.forms.set(work.run_id, form)
    }
    for (const value of Object.values(work.content)) {
      if (isImage(value)) new Image().src = imageUrl(value.sha256)
    }
    const entered = (work.scratch?.label ?? null) as Label | null
    return { work, form, entered, comment: work.scratch?.comment ?? '', since: 0 }
  }

  private async renew(): Promise<void> {
    const held = [this.current, ...this.ahead].flatMap((one) => one?.work.slot_id ?? [])
    if (!held.length) return
    const kept = await take(api.POST('/v1/queue/renew', { body: { slot_ids: held } })).catch(() => null)
    if (!kept) return
    const before = this.ahead.length
    this.ahead = this.ahead.filter((one) => kept.includes(one.work.slot_id))
    this.lost += before - this.ahead.length
    this.tell()
    void this.fill()
  }

  /** As the page goes: what is not answered is free for others at once. */
  private release(): void {
    const slot_ids = [this.current, ...this.ahead].flatMap((one) => one?.work.slot_id ?? [])
    if (slot_ids.length)
      void api.POST('/v1/queue/release', { body: { slot_ids }, keepalive: true }).catch(() => undefined)
  }

  private look(): Snapshot {
    const { waiting, state, refused } = this.outbox
    return {
      current: this.current,
      past: this.past,
      done: this.done,
      unsent: waiting,
      state,
      refused,
      isEmpty: this.isEmpty,
      lost: this.lost,
    }
  }

  /** Whoever listens draws the page anew, so only where there is something new to see. */
  private tell(): void {
    const now = this.look()
    if ((Object.keys(now) as (keyof Snapshot)[]).every((part) => now[part] === this.snapshot[part])) return
    this.snapshot = now
    for (const tell of this.heard) tell()
  }
}

export type ImageContent = { sha256: string; width: number; height: number; name: string; type: string }
export const isImage = (value: unknown): value is ImageContent =>
  typeof value === 'object' && value !== null && typeof (value as ImageContent).sha256 === 'string' && 'width' in value
export const imageUrl = (sha256: string) => `/v1/images/${sha256}`
