import { Kbd, useCommands } from '../lib/commands'
import { percent } from '../lib/words'

export type Step = { key: string; value: unknown; name: string; meaning?: string; share?: number }
type Props = {
  name: string
  steps: Step[]
  isChosen: (value: unknown) => boolean
  isActive: boolean
  pick: (value: unknown) => void
  title: string
}

/** A few values beside each other, with a key each. */
export function Steps({ name, steps, isChosen, isActive, pick, title }: Props) {
  useCommands([
    {
      id: `step-${name}`,
      keys: steps.map((step) => step.key).filter(Boolean),
      title,
      group: 'Label',
      enabled: isActive,
      run: (event) => {
        const pressed = /\d$/.exec(event.code)?.[0] ?? event.key.toLowerCase()
        const step = steps.find((one) => one.key === pressed)
        if (step) pick(step.value)
      },
    },
  ])
  return (
    <div className="opts" role="radiogroup" aria-label={name}>
      {steps.map((step) => (
        <button
          key={step.name}
          className={`opt ${step.share === undefined ? 'unrated' : ''}`}
          role="radio"
          aria-checked={isChosen(step.value)}
          onClick={() => pick(step.value)}
        >
          {isActive && step.key ? <Kbd k={step.key} /> : <span />}
          <span>
            <bdi>{step.name}</bdi>
            {step.meaning && <small className="muted"> {step.meaning}</small>}
          </span>
          {step.share !== undefined && (
            <>
              <span className="meter">
                <span style={{ width: `${step.share * 100}%` }} />
              </span>
              <span className="pc num">{percent(step.share)}</span>
            </>
          )}
        </button>
      ))}
    </div>
  )
}
