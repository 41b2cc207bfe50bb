import { IconPlus } from '@tabler/icons-react'
import type { Fault } from '../lib/api'
import { title } from '../lib/words'
import { LineEditor } from './LineEditor'
import { FIELD_KINDS, withField } from './snippets'

type Props = { text: string; set: (text: string) => void; faults: Fault[] }

/** The text of a schema, and buttons that add a field to it. */
export function SchemaEditor({ text, set, faults }: Props) {
  return (
    <div className="schema">
      <div className="adders" role="group" aria-label="Add a field">
        {FIELD_KINDS.map((kind) => (
          <button key={kind} type="button" className="chip" onClick={() => set(withField(text, kind))}>
            <IconPlus size={13} />
            {title(kind)}
          </button>
        ))}
      </div>
      <LineEditor id="schema" label="Schema" text={text} set={set} faults={faults} />
    </div>
  )
}
