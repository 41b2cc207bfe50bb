import { IconPlus } from '@tabler/icons-react'
import { title } from '../lib/words'
import { FIELD_KINDS, withField } from './snippets'
import type { Checked } from './useSchema'

type Props = { text: string; set: (text: string) => void; faults: Checked['faults'] }

/** The text of a schema, with the server's word on each line that is wrong, and buttons that add a field. */
export function SchemaEditor({ text, set, faults }: Props) {
  const lines = text.split('\n')
  const wrong = new Set(faults.map((fault) => fault.line))
  return (
    <div className="schema">
      <div className="adders" role="group" aria-label="Add a field">
        {FIELD_KINDS.map((kind) => <button key={kind} type="button" className="chip" onClick={() => set(withField(text, kind))}><IconPlus size={13} />{title(kind)}</button>)}
      </div>
      <div className={`code ${faults.length ? 'is-wrong' : ''}`}>
        <ol aria-hidden="true">{lines.map((_, index) => <li key={index} className={wrong.has(index + 1) ? 'wrong' : ''}>{index + 1}</li>)}</ol>
        <textarea
          id="schema" aria-label="Schema" spellCheck={false} wrap="off" value={text} rows={Math.max(14, lines.length)} aria-invalid={faults.length > 0} aria-describedby="faults"
          onChange={(event) => set(event.target.value)}
        />
      </div>
    </div>
  )
}

/** What is wrong with the schema, each with a way to its line. */
export function Faults({ faults }: Pick<Props, 'faults'>) {
  return (
    <>
      <p className="muted">The form appears once the schema holds.</p>
      <ul className="faults" id="faults" aria-live="polite">
        {faults.map((fault) => (
          <li key={`${fault.line} ${fault.path} ${fault.reason}`}>
            {fault.line !== null && <button type="button" onClick={() => selectLine(fault.line!)}>Line {fault.line}</button>}
            <span>{fault.path && <><code>{fault.path}</code>: </>}<bdi>{fault.reason}</bdi></span>
          </li>
        ))}
      </ul>
    </>
  )
}

function selectLine(line: number): void {
  const area = document.getElementById('schema') as HTMLTextAreaElement
  const lines = area.value.split('\n')
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0)
  area.focus()
  area.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0))
}
