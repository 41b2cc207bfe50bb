import { Pick } from './Pick'
import { Steps } from './steps'
import type { FieldProps, KindView } from './view'

type Settings = { min: number; max: number; meanings: Record<string, string> }

function Panel({ field, value, draft, alternatives, isActive, isAlone, finish }: FieldProps) {
  const { min, max, meanings } = field.settings as Settings
  const steps = Array.from({ length: max - min + 1 }, (_, index) => {
    const step = min + index
    return {
      key: step >= 0 && step <= 9 ? String(step) : '',
      value: step,
      name: String(step),
      meaning: meanings[step],
      share: alternatives[step],
    }
  })
  return (
    <>
      <Pick
        isSmall={!isAlone}
        value={value}
        draft={draft}
        share={alternatives[String(value)]}
        text={meanings[String(value)] ? `${value} · ${meanings[String(value)]}` : String(value)}
      />
      <Steps
        name={field.name}
        steps={steps}
        isActive={isActive}
        isChosen={(step) => step === value}
        pick={finish}
        title="Rate and go on"
      />
    </>
  )
}

export const rating: KindView = { Panel, summary: (value, field) => `${field.name} ${value}` }
