import { title } from '../lib/words'
import { OptionList } from './Options'
import { Pick } from './Pick'
import type { FieldProps, KindView } from './view'

const listed = (value: unknown): string[] => (Array.isArray(value) ? (value as string[]) : [])

function Panel(props: FieldProps) {
  const { value, draft, field, isAlone, set } = props
  const chosen = listed(value)
  const order = field.options.map((option) => option.value)
  const toggle = (picked: string) => {
    const next = chosen.includes(picked) ? chosen.filter((one) => one !== picked) : [...chosen, picked]
    set(next.sort((a, b) => order.indexOf(a) - order.indexOf(b)))
  }
  return (
    <>
      <Pick
        isSmall={!isAlone}
        value={value}
        draft={draft}
        text={chosen.length ? chosen.map(title).join(', ') : 'None of them'}
      />
      <OptionList {...props} verb="Choose, or take away" chosen={chosen} drafted={listed(draft)} pick={toggle} />
    </>
  )
}

export const choices: KindView = {
  Panel,
  initial: [],
  summary: (value) => listed(value).map(title).join(', ') || 'none',
}
