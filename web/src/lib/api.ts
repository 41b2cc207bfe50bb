import createClient from 'openapi-fetch'
import type { components, paths } from './schema'

type Schemas = components['schemas']
export type Work = Schemas['Work']
export type Form = Schemas['Form']
export type FormField = Schemas['FormField']
export type FormOption = Schemas['FormOption']
export type Run = Schemas['RunOut']
export type Feedback = Schemas['Feedback']
export type Example = Schemas['ExampleOut']
export type OutlinePart = Schemas['Outline']
export type History = Schemas['HistoryOut']
export type Act = Schemas['Act']
export type TwoSides = Schemas['TwoSides']
export type RunIn = Schemas['RunIn']
export type KnownPrompt = Schemas['KnownPrompt']
export type PromptIn = Schemas['PromptIn']
export type PromptChecked = Schemas['PromptChecked']
export type Fault = Schemas['Fault']
export type TrialIn = Schemas['TrialIn']
export type Trial = Schemas['Trial']
export type TrialReport = Schemas['TrialReport']
export type Progress = Schemas['Progress']
export type ChangePlan = Schemas['ChangePlan']
export type SchemaVersion = Schemas['SchemaVersionOut']
export type Project = Schemas['ProjectOut']
export type Quote = Schemas['Quote']
export type Import = Schemas['ImportOut']
export type BadRow = Schemas['BadRowOut']
export type Format = Schemas['About']
export type User = Schemas['UserOut']
export type Share = Schemas['Share']
export type Json = unknown
export type Label = Record<string, Json>

/** What went wrong, in the server's words. `status` 0: it did not answer. */
export class Failure extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

/** Sent with every request that changes something: the server ties it to the session's cookie. */
let csrf = ''
export const setCsrf = (token: string) => {
  csrf = token
}
export const getCsrf = () => csrf

export const api = createClient<paths>({ baseUrl: '/', credentials: 'same-origin' })
api.use({
  onRequest({ request }) {
    if (request.method !== 'GET') request.headers.set('X-CSRF-Token', csrf)
    return request
  },
})

type Answer<T> = { data?: T; error?: unknown; response: Response }

/** The data of an answer. Throws Failure. */
export async function take<T>(answer: Promise<Answer<T>>): Promise<T> {
  const got = await answer.catch(() => null)
  if (!got) throw new Failure(0, 'The server does not answer.')
  if (!got.response.ok) {
    const said = got.error as { detail?: string } | undefined
    throw new Failure(got.response.status, said?.detail ?? `The server answered ${got.response.status}.`)
  }
  return got.data as T
}

type PageOf<T> = { items: T[]; next?: number | null }

/** All items of a list, page after page. */
export async function every<T>(page: (after: number) => Promise<PageOf<T>>): Promise<T[]> {
  const found: T[] = []
  for (let after: number | null = 0; after !== null;) {
    const { items, next }: PageOf<T> = await page(after)
    found.push(...items)
    after = next ?? null
  }
  return found
}
