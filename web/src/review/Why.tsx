import { IconSparkles } from '@tabler/icons-react'
import type { Form, Work } from '../lib/api'
import { inWords } from '../lib/summary'
import { percent, title } from '../lib/words'

const RUNNERS = 4

/** Why the draft says what it says, and what brought it here: from what is shown anyhow and what holds for the whole run, so that it
 *  gives away neither an audit nor a check, which look like any other example. Without a draft there is nothing to tell. */
export function Why({ work, form }: { work: Work; form: Form }) {
  const { draft, confidences, alternatives } = work
  if (!draft) return null
  const least = Math.min(...Object.values(confidences))
  const isUnsure = form.threshold !== null && least < form.threshold
  return (
    <section className="note why-draft" aria-label="Why this draft">
      <IconSparkles size={18} stroke={1.7} />
      <div>
        {form.fields
          .filter((field) => draft[field.name] !== null && draft[field.name] !== undefined)
          .map((field) => (
            <p key={field.name}>
              {form.fields.length > 1 && <span className="muted">{title(field.name)} </span>}
              <b>
                <bdi>{inWords(draft[field.name], field, work.content).join(', ') || 'none'}</bdi>
              </b>
              {confidences[field.name] !== undefined && (
                <>
                  {' '}
                  <span className="num">{percent(confidences[field.name])}</span>
                </>
              )}
              <Others odds={alternatives[field.name]} drafted={draft[field.name]} />
            </p>
          ))}
        <p className="muted">
          Drafted by {form.models.map((model) => model.replace(/^given\//, '')).join(', then ')}, prompt {form.prompt}.
        </p>
        {isUnsure && (
          <p className="muted" data-testid="why-here">
            It is here because drafts under {percent(form.threshold ?? undefined)} go to people, and this one has{' '}
            {percent(least)}.
          </p>
        )}
      </div>
    </section>
  )
}

function Others({ odds, drafted }: { odds: Record<string, number> | undefined; drafted: unknown }) {
  const found = Object.entries(odds ?? {})
    .filter(([value]) => value !== String(drafted))
    .sort((a, b) => b[1] - a[1])
    .slice(0, RUNNERS)
  if (!found.length) return null
  return (
    <span className="muted">
      , then {found.map(([value, share]) => `${title(value)} ${percent(share)}`).join(', ')}
    </span>
  )
}
