import { IconBook2 } from '@tabler/icons-react'
import { lazy, Suspense } from 'react'
import type { Form, FormField, Label } from '../lib/api'
import { shown, title } from '../lib/words'

const AsWritten = ({ text }: { text: string; isInline?: boolean }) => <span className="as-written">{shown(text)}</span>
// A server that was renewed meanwhile has this part by another name: then the text stands as it was written.
const Markdown = lazy(() =>
  import('../lib/Markdown').then((module) => ({ default: module.Markdown })).catch(() => ({ default: AsWritten })),
)

/** The guidelines as Markdown, and of the labels at hand what the schema says of them. Until it is drawn the text stands as it is. */
export function Guidelines({ form, label }: { form: Pick<Form, 'fields' | 'guidelines'>; label: Label }) {
  const chosen = form.fields.flatMap((field) => meanings(field, label[field.name]))
  return (
    <section className="note guidelines" aria-label="Guidelines">
      <IconBook2 size={18} stroke={1.7} />
      <div>
        {chosen.map(({ value, description, examples }) => (
          <div key={value} className="at-hand">
            <h3>
              <bdi>{title(value)}</bdi>
            </h3>
            <Drawn text={description} />
            {examples.length > 0 && (
              <p className="muted">
                As in{' '}
                {examples.map((one, at) => (
                  <span key={at}>
                    {at > 0 && ', '}
                    <q>
                      <bdi>{one}</bdi>
                    </q>
                  </span>
                ))}
              </p>
            )}
          </div>
        ))}
        {form.guidelines && <Drawn text={form.guidelines} />}
      </div>
    </section>
  )
}

/** A text that may be Markdown. */
export function Drawn({ text, isInline = false }: { text: string; isInline?: boolean }) {
  return (
    <Suspense fallback={<AsWritten text={text} />}>
      <Markdown text={text} isInline={isInline} />
    </Suspense>
  )
}

function meanings(field: FormField, value: unknown) {
  const values = Array.isArray(value) ? value : [value]
  return field.options
    .filter((option) => values.includes(option.value) && (option.description || option.examples.length))
    .map(({ value: name, description, examples }) => ({ value: name, description, examples }))
}
