import type { UseQueryResult } from '@tanstack/react-query'
import { count, dollars } from '../lib/words'
import type { Agreement, Cost, Outlook, Scores, Splits } from './drawing'
import { BASES, sampleOf } from './charts/accuracy'
import { against, seconds, share } from './words'

type Said = { value: string; rests: string }

/** A key figure, with its interval or target, that loads by itself. */
export function Tile<Data>({
  name,
  query,
  say,
}: {
  name: string
  query: UseQueryResult<Data>
  say: (data: Data) => Said
}) {
  const said = query.data === undefined ? undefined : say(query.data)
  return (
    <div className="tile" aria-busy={!said && !query.error}>
      <dt>{name}</dt>
      <dd>
        <b className="num">{said?.value ?? (query.error ? 'not known' : ' ')}</b>
        <small>{said?.rests ?? query.error?.message ?? ' '}</small>
      </dd>
    </div>
  )
}

const NOTHING = 'none yet'

export function costOf(cost: Cost): Said {
  if (cost.per_example === null) return { value: NOTHING, rests: 'known once something is settled' }
  const byHand = Number(cost.by_hand_per_example)
  return {
    value: `${cost.complete ? '' : '≥ '}${dollars(cost.per_example)}`,
    rests: byHand
      ? `${against(Number(cost.per_example), byHand)} by hand (${dollars(byHand)})`
      : 'by hand: not known yet',
  }
}

export function costOfAll(found: Splits): Said {
  const settled = found.splits.reduce((sum, one) => sum + one.settled, 0)
  const total = found.splits.reduce((sum, one) => sum + Number(one.total_dollars), 0)
  return settled
    ? { value: dollars(total / settled), rests: `${dollars(total)} for ${count(settled)} labels` }
    : { value: NOTHING, rests: 'known once something is settled' }
}

export const acceptedOf = (outlook: Outlook): Said =>
  ofShare(
    outlook.accepted,
    outlook.accepted_wrong.n
      ? `${count(outlook.accepted_wrong.right)} of ${count(outlook.accepted_wrong.n)} with gold wrong (${share(outlook.accepted_wrong.low)} to ${share(outlook.accepted_wrong.high)})`
      : `of ${count(outlook.examples)} examples`,
  )
export const acceptedOfAll = (found: Scores): Said =>
  ofShare(found.total.accepted, `of ${count(found.total.accepted.n)} drafts`)

/** By audits where there are enough, else by what people settled. */
export function rightOf(found: Scores): Said {
  const basis = sampleOf([found.total]),
    one = found.total[basis]
  return one.n
    ? {
        value: share(one.right / one.n),
        rests: `${share(one.low)} to ${share(one.high)}; n = ${count(one.n)} ${BASES[basis].split(':')[0]}`,
      }
    : { value: NOTHING, rests: 'known once people have reviewed' }
}

export function agreedOf(found: Agreement): Said {
  const one = found.fields.find((field) => field.people.value !== null)?.people
  return one
    ? {
        value: `${one.value!.toFixed(2)} α`,
        rests: `${one.low?.toFixed(2) ?? '?'} to ${one.high?.toFixed(2) ?? '?'}; n = ${count(one.n)}`,
      }
    : { value: NOTHING, rests: 'it takes two people’s answers' }
}

export function paceOf(cost: Cost): Said {
  if (!cost.reviews || !cost.review_seconds) return { value: NOTHING, rests: 'known once people have reviewed' }
  return {
    value: `${count(Math.round((3600 * cost.reviews) / cost.review_seconds))} an hour`,
    rests: `by one person; median ${seconds(cost.median_review_seconds ?? 0)} an answer`,
  }
}

function ofShare(one: { right: number; n: number; low: number; high: number }, rests: string): Said {
  return one.n
    ? { value: share(one.right / one.n), rests }
    : { value: NOTHING, rests: 'known once something is drafted' }
}
