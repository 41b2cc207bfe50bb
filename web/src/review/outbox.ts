import { get, set } from 'idb-keyval'
import { api, Failure, take, type Label, type Work } from '../lib/api'

/** What a reviewer did, until the server has it. `token` names it there: sent twice, it is done once. */
export type Act = {
  token: string
  kind: 'submit' | 'skip' | 'flag' | 'undo'
  work: Work
  label: Label | null
  comment: string
  seconds: number
  undoes?: string // the token of what it takes back
}
/** An act that the server did not take, and will not: what was entered is kept for its reviewer to see. */
export type Refused = { act: Act; why: string }

export type State = 'sent' | 'sending' | 'offline' | 'signed-out'

/** Where acts are kept beyond the page. */
export type Shelf = {
  load: (key: string) => Promise<Act[] | undefined>
  keep: (key: string, acts: Act[]) => Promise<void>
}
const browser: Shelf = { load: (key) => get<Act[]>(key), keep: (key, acts) => set(key, acts) }

const AGAIN_AFTER = 2_000

/** Sends acts one after the other, in their order, each until the server has it. They outlive the page in the browser's database. */
export class Outbox {
  private acts: Act[] = []
  private isSending = false
  private timer: ReturnType<typeof setTimeout> | undefined
  /** An undo gives the slot back under another version; what follows on it has to name that. */
  private readonly versions = new Map<number, number>()
  state: State = 'sent'
  refused: Refused[] = []
  readonly ready: Promise<void>

  constructor(
    private readonly key: string,
    private readonly changed: () => void,
    private readonly shelf: Shelf = browser,
    private readonly deliver: (act: Act, version: number) => Promise<Work | null> = send,
  ) {
    this.ready = this.shelf
      .load(this.key)
      .catch(() => undefined)
      .then((kept) => {
        this.acts = [...(kept ?? []), ...this.acts]
        void this.flush()
      })
  }

  get waiting(): number {
    return this.acts.length
  }

  /** Slots with an act on its way. */
  get slots(): number[] {
    return this.acts.map((act) => act.work.slot_id)
  }

  add(act: Act): void {
    this.acts.push(act)
    this.keep()
    void this.flush()
  }

  /** Takes back the newest act, if it is that one and has not begun to be sent. */
  recall(token: string): boolean {
    const newest = this.acts.at(-1)
    if (newest?.token !== token || (this.isSending && this.acts.length === 1)) return false
    this.acts.pop()
    this.keep()
    return true
  }

  dismiss(token: string): void {
    this.refused = this.refused.filter((one) => one.act.token !== token)
    this.changed()
  }

  /** To be called when there is reason to believe that the server is back, or somebody has signed in. */
  retry(): void {
    clearTimeout(this.timer)
    void this.flush()
  }

  close(): void {
    clearTimeout(this.timer)
  }

  private async flush(): Promise<void> {
    if (this.isSending) return
    this.isSending = true
    while (this.acts.length && (await this.sendFirst())) continue
    this.isSending = false
    this.changed()
  }

  /** Whether to go on with the next. */
  private async sendFirst(): Promise<boolean> {
    const act = this.acts[0]!
    this.to('sending')
    try {
      // The server would take back an earlier answer in place of one that it never took.
      if (this.refused.some((one) => one.act.token === act.undoes))
        throw new Failure(409, 'The answer had not been taken.')
      const back = await this.deliver(act, this.versions.get(act.work.slot_id) ?? act.work.version)
      if (back) this.versions.set(back.slot_id, back.version)
    } catch (error) {
      const failure = error instanceof Failure ? error : new Failure(0, String(error))
      if (failure.status === 401) return this.to('signed-out')
      if (failure.status === 0 || failure.status === 429 || failure.status >= 500) {
        this.timer = setTimeout(() => void this.flush(), AGAIN_AFTER)
        return this.to('offline')
      }
      this.refused = [...this.refused, { act, why: failure.message }]
    }
    this.acts = this.acts.filter((one) => one !== act)
    this.keep()
    if (!this.acts.length) this.to('sent')
    return true
  }

  private to(state: State): false {
    this.state = state
    this.changed()
    return false
  }

  private keep(): void {
    void this.shelf.keep(this.key, this.acts).catch(() => undefined) // without it they live as long as the page
    this.changed()
  }
}

/** Have the server do it; the slot that an undo gives back, else null. Throws Failure. */
async function send(act: Act, version: number): Promise<Work | null> {
  if (act.kind === 'undo') return take(api.POST('/v1/queue/undo', { body: { client_token: act.token } }))
  const params = { path: { slot_id: act.work.slot_id } }
  const body = { client_token: act.token, seconds: act.seconds, comment: act.comment, version }
  if (act.kind === 'skip') await take(api.POST('/v1/queue/{slot_id}/skip', { params, body }))
  else if (act.kind === 'flag') await take(api.POST('/v1/queue/{slot_id}/flag', { params, body }))
  else await take(api.POST('/v1/queue/{slot_id}/submit', { params, body: { ...body, label: act.label ?? {} } }))
  return null
}
