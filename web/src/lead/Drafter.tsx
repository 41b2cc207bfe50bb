import type { ReactNode } from 'react'
import { useRuns } from '../lib/runs'
import { PromptChoice } from '../prompts/PromptChoice'
import { ModelInput } from './ModelInput'
import type { Choice } from './plan'

type Props = { project: string; choice: Choice; set: (change: Partial<Choice>) => void }

/** Which model drafts, in plain words. */
export function Drafter({ project, choice, set }: Props) {
  const known = useModels()
  return (
    <div className="choices" role="radiogroup" aria-label="Who drafts">
      <Option
        name="drafter"
        isChosen={choice.drafter === 'student'}
        choose={() => set({ drafter: 'student' })}
        title="The student, for free"
        says="A small classifier on this server. It needs no key, but at least 20 examples whose right label is known: with gold, or settled by people in this project."
      />
      <Option
        name="drafter"
        isChosen={choice.drafter === 'model'}
        choose={() => set({ drafter: 'model' })}
        title="A model"
        says="Of a provider, by LiteLLM's name. Its key stands in the environment of the server."
      >
        <div className="grid">
          <ModelInput model={choice.model} set={(model) => set({ model })} known={known} />
          <label>
            It may spend at most, in dollars
            <input
              className="box"
              inputMode="decimal"
              value={choice.cap}
              placeholder="no cap"
              onChange={(event) => set({ cap: event.target.value })}
            />
          </label>
          <label>
            Its confidence
            <select
              className="box"
              value={choice.confidence}
              onChange={(event) => set({ confidence: event.target.value as Choice['confidence'] })}
            >
              <option value="stated">as it states it</option>
              <option value="logprobs">by the probabilities of its words</option>
              <option value="samples">by how far five answers agree</option>
            </select>
          </label>
        </div>
        <PromptChoice project={project} chosen={choice.prompt} choose={(prompt) => set({ prompt })} />
        <label className="check">
          <input
            type="checkbox"
            checked={choice.isStudentFirst}
            onChange={(event) => set({ isStudentFirst: event.target.checked })}
          />
          Ask the student first, and the model where that is not sure
        </label>
        <label className="check">
          <input
            type="checkbox"
            checked={choice.isBatch}
            onChange={(event) => set({ isBatch: event.target.checked })}
          />
          In batches: within a day, at about half the price (OpenAI, Anthropic)
        </label>
      </Option>
      <Option
        name="drafter"
        isChosen={choice.drafter === 'given'}
        choose={() => set({ drafter: 'given' })}
        title="Drafts of the file"
        says="Predictions that came with the examples, as their drafts. They cost nothing."
      />
    </div>
  )
}

type OptionProps = {
  name: string
  isChosen: boolean
  choose: () => void
  title: string
  says: string
  children?: ReactNode
}

/** One of several ways, with what it means; `children` are asked for where it is the one. */
export function Option({ name, isChosen, choose, title, says, children }: OptionProps) {
  return (
    <div className={`option ${isChosen ? 'on' : ''}`}>
      <label>
        <input type="radio" name={name} checked={isChosen} onChange={choose} />
        <span>
          <b>{title}</b>
          <small>{says}</small>
        </span>
      </label>
      {isChosen && children && <div className="within">{children}</div>}
    </div>
  )
}

/** Models that runs of this server have asked. */
export function useModels(): string[] {
  const { data } = useRuns()
  return [...new Set((data ?? []).flatMap((run) => run.steps.map((step) => step.model)))].filter(
    (name) => name !== 'student' && !name.startsWith('given'),
  )
}
