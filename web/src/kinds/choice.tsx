import { Drawn } from '../review/Guidelines'
import { title } from '../lib/words'
import { Pick } from './Pick'
import { OptionList } from './Options'
import type { FieldProps, KindView } from './view'

function Panel(props: FieldProps) {
  const { value, draft, alternatives, field, isAlone, set, finish } = props
  const chosen = typeof value === 'string' ? value : undefined
  const option = field.options.find((one) => one.value === chosen)
  return (
    <>
      <Pick
        isSmall={!isAlone}
        value={value}
        draft={draft}
        share={chosen === undefined ? undefined : alternatives[chosen]}
        text={chosen === undefined ? '' : title(chosen)}
      >
        {option?.description && (
          <p className="meaning">
            <Drawn text={option.description} isInline />
          </p>
        )}
      </Pick>
      <OptionList
        {...props}
        verb="Take it and go on"
        chosen={chosen === undefined ? [] : [chosen]}
        drafted={typeof draft === 'string' ? [draft] : []}
        pick={(picked, stay) => (stay ? set : finish)(picked)}
      />
    </>
  )
}

export const choice: KindView = { Panel, summary: (value) => title(String(value)) }
