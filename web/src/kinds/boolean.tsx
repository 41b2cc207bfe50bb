import { Pick } from './Pick'
import { Steps } from './steps'
import type { FieldProps, KindView } from './view'

const word = (value: unknown) => (value ? 'Yes' : 'No')

function Panel({ field, value, draft, alternatives, isActive, isAlone, finish }: FieldProps) {
  const steps = [
    { key: 'y', value: true, name: 'Yes', share: alternatives['true'] },
    { key: 'n', value: false, name: 'No', share: alternatives['false'] },
  ]
  return (
    <>
      <Pick isSmall={!isAlone} value={value} draft={draft} share={alternatives[String(value)]} text={word(value)} />
      <Steps
        name={field.name}
        steps={steps}
        isActive={isActive}
        isChosen={(one) => one === value}
        pick={finish}
        title="Yes or no, and go on"
      />
    </>
  )
}

export const boolean: KindView = { Panel, summary: word }
