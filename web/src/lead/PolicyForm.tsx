import type { ReactNode } from 'react'
import { Option } from './Drafter'
import type { Choice } from './plan'

type Props = { choice: Choice; set: (change: Partial<Choice>) => void }

/** Which drafts become labels without review, and what people are asked. */
export function PolicyForm({ choice, set }: Props) {
  return (
    <>
      <div className="choices" role="radiogroup" aria-label="What is accepted">
        <Option
          name="rule"
          isChosen={choice.rule === 'threshold'}
          choose={() => set({ rule: 'threshold' })}
          title="Drafts that are sure enough"
          says="Simple, and promises nothing: how right they are is only known by the audit."
        >
          <div className="grid">
            <Figure
              label="Accepted from a confidence of"
              value={choice.threshold}
              set={(threshold) => set({ threshold })}
              step="0.01"
              max="1"
            >
              0 to 1
            </Figure>
            <Figure label="Audited all the same, in %" value={choice.audit} set={(audit) => set({ audit })} max="50">
              so many of those that would be accepted are answered by people, drawn at random
            </Figure>
          </div>
        </Option>
        <Option
          name="rule"
          isChosen={choice.rule === 'guarantee'}
          choose={() => set({ rule: 'guarantee' })}
          title="As many as a guarantee allows"
          says="People answer a random sample first, without sight of the drafts. It decides how many are accepted, and the labels come with a certificate."
        >
          <div className="grid">
            <Figure
              label="Wrong labels at most, in %"
              value={choice.epsilon}
              set={(epsilon) => set({ epsilon })}
              step="0.5"
              max="50"
            >
              of all labels, with a chance of 95 %
            </Figure>
          </div>
        </Option>
      </div>
      <div className="grid">
        <Figure
          label="People for each example"
          value={choice.reviewers}
          set={(reviewers) => set({ reviewers })}
          min="1"
          max="9"
        >
          what they disagree on goes to a senior
        </Figure>
        <Figure label="Gold in the queue, in %" value={choice.gold} set={(gold) => set({ gold })} max="50">
          examples whose right label is known, mixed in unseen, tell how right people are
        </Figure>
      </div>
    </>
  )
}

type FigureProps = {
  label: string
  value: string
  set: (value: string) => void
  min?: string
  max?: string
  step?: string
  children: ReactNode
}

function Figure({ label, value, set, min = '0', max, step = '1', children }: FigureProps) {
  return (
    <label>
      {label}
      <input
        className="box num"
        type="number"
        min={min}
        max={max}
        step={step}
        value={value}
        onChange={(event) => set(event.target.value)}
      />
      <small>{children}</small>
    </label>
  )
}
