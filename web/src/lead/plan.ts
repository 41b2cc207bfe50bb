import type { RunIn } from '../lib/api'

/** What a lead chose for a run, as the form has it: numbers as they were typed. */
export type Choice = {
  drafter: 'student' | 'model' | 'given'
  model: string
  isStudentFirst: boolean
  isBatch: boolean
  confidence: 'stated' | 'logprobs' | 'samples'
  rule: 'threshold' | 'guarantee'
  threshold: string
  epsilon: string
  reviewers: string
  gold: string
  audit: string
  cap: string
  prompt: string
}

export const BEGIN: Choice = {
  drafter: 'student',
  model: '',
  isStudentFirst: false,
  isBatch: false,
  confidence: 'stated',
  rule: 'threshold',
  threshold: '0.9',
  epsilon: '5',
  reviewers: '1',
  gold: '0',
  audit: '5',
  cap: '5',
  prompt: '',
}

/** What an address asks to begin with: a model with a prompt that was tried out. */
export function begunWith(query: string): Choice {
  const asked = new URLSearchParams(query)
  const prompt = asked.get('prompt') ?? ''
  return prompt ? { ...BEGIN, drafter: 'model', prompt, model: asked.get('model') ?? '' } : BEGIN
}

/** The run that is asked for. Shares are typed in per cent. */
export function planOf(choice: Choice): RunIn {
  const isModel = choice.drafter === 'model'
  const model = isModel ? choice.model.trim() : choice.drafter
  const one = { model, confidence: isModel ? choice.confidence : 'stated' }
  const drafting = isModel && choice.isStudentFirst ? { steps: [{ model: 'student' }, one] } : one
  const cap = isModel && choice.cap.trim() ? { cap: choice.cap.trim() } : {}
  const prompt = isModel && choice.prompt ? { prompt: choice.prompt } : {}
  return {
    ...drafting,
    ...cap,
    ...prompt,
    lane: isModel && choice.isBatch ? 'batch' : 'live',
    policy: policyOf(choice),
  } as RunIn
}

function policyOf(choice: Choice) {
  const people = { reviewers: Number(choice.reviewers), gold_share: share(choice.gold) }
  if (choice.rule === 'guarantee') return { rule: 'guarantee', epsilon: share(choice.epsilon), ...people }
  return { rule: 'threshold', threshold: Number(choice.threshold), audit_share: share(choice.audit), ...people }
}

const share = (percent: string) => Number((Number(percent) / 100).toPrecision(6))

/** Why a run cannot be asked for yet; empty: it can. */
export function lacks(choice: Choice): string {
  if (choice.drafter === 'model' && !choice.model.trim()) return 'Name a model.'
  const numbers =
    choice.rule === 'guarantee'
      ? [choice.epsilon, choice.reviewers, choice.gold]
      : [choice.threshold, choice.audit, choice.reviewers, choice.gold]
  return numbers.some((typed) => !typed.trim() || Number.isNaN(Number(typed))) ? 'Fill in every number.' : ''
}
