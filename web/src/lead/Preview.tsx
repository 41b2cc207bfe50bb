import { useMemo, useState } from 'react'
import type { Form, FormField, Work } from '../lib/api'
import { complete } from '../lib/form'
import { Body } from '../review/Body'
import { useAnswer, type Receives } from '../review/useAnswer'

const TEXT =
  'Ada Lovelace wrote the first program in London. I was charged twice for it: could you please send the money back today?'
const PAIR = {
  prompt: 'How do I cook rice?',
  response_a: 'Rinse it, add twice the water, and simmer for twelve minutes with the lid on.',
  response_b: 'Rice is the seed of a grass.',
}

/** The form that reviewers will fill in, to be tried out: the very one of the review page, and nothing of it is kept. */
export function Preview({ fields, guidelines }: { fields: FormField[]; guidelines: string }) {
  const [turn, setTurn] = useState(1)
  const staged = useMemo(() => fields.filter((field) => field.kind !== 'boxes'), [fields])
  const form: Form = useMemo(
    () => ({
      run_id: 0,
      project: '',
      dataset: '',
      schema_version_id: 0,
      guidelines,
      models: [],
      prompt: '',
      threshold: null,
      fields: staged,
    }),
    [staged, guidelines],
  )
  const receiver: Receives = useMemo(
    () => ({ enter: () => undefined, answer: () => setTurn((before) => before + 1) }),
    [],
  )
  const work = useMemo(() => sample(staged, turn), [staged, turn])
  const answer = useAnswer(receiver, { work, form, entered: null })
  const boxes = fields.filter((field) => field.kind === 'boxes')
  return (
    <div className="preview" data-testid="preview">
      {staged.length > 0 && <Body work={work} form={form} answer={answer} />}
      {boxes.map((field) => (
        <p key={field.name} className="muted boxed">
          <bdi>{field.name}</bdi>: boxes of {field.options.map((one) => one.name).join(', ')} are drawn on the image of
          each example.
        </p>
      ))}
      <details>
        <summary>As it is stored</summary>
        <pre className="json">{JSON.stringify(complete(staged, answer.label), null, 2)}</pre>
      </details>
    </div>
  )
}

/** An example that has something for every field. */
function sample(fields: FormField[], turn: number): Work {
  const marked = fields
    .filter((field) => ['spans', 'relations'].includes(field.kind))
    .map((field) => String(field.settings.of ?? 'text'))
  const isPair = fields.some((field) => field.kind === 'preference')
  const content = {
    ...(isPair ? PAIR : { text: TEXT }),
    ...Object.fromEntries(marked.filter((name) => name !== 'null').map((name) => [name, TEXT])),
  }
  return {
    slot_id: turn,
    version: 0,
    run_id: 0,
    example_id: 'An example',
    content,
    draft: null,
    confidences: {},
    alternatives: {},
    scratch: null,
    for_senior: false,
    note: '',
    lease_until: '',
  }
}
