import type { Run } from '../lib/api'
import { count } from '../lib/words'

type Policy = Run['policy']

const share = (part: number) => `${Number((100 * part).toPrecision(3))}%`

/** What a policy means, in plain words. */
export function inWords(policy: Policy): string {
  const said = [
    policy.rule === 'guarantee'
      ? `At most ${share(policy.epsilon ?? 0)} of all labels are wrong, with a chance of ${share(1 - policy.alpha)}: a blind audit decides which drafts are accepted.`
      : `Drafts with a confidence of at least ${policy.threshold} are accepted; all others go to people.`,
  ]
  if (typeof policy.reviewers === 'number' && policy.reviewers > 1)
    said.push(`${count(policy.reviewers)} people answer each of those.`)
  if (policy.gold_share) said.push(`${share(policy.gold_share)} of the queue is gold, unseen.`)
  if (policy.audit_share) said.push(`${share(policy.audit_share)} of what would be accepted is audited by people.`)
  return said.join(' ')
}
