import type { PromptChecked } from '../lib/api'
import { shown } from '../lib/words'

type Props = { text: string; set: (text: string) => void; checked: PromptChecked | undefined }

/** The text of a prompt file, with the line that is wrong, and what may stand in it. Beneath the text lies the same, unseen: its lines
 *  break where those above do, so each has its number beside it. */
export function Editor({ text, set, checked }: Props) {
  const lines = text.split('\n')
  const fault = checked?.faults[0]
  return (
    <>
      <div className={`code wraps ${fault ? 'is-wrong' : ''}`}>
        <div>
          <ol aria-hidden="true">{lines.map((line, index) => <li key={index} className={fault?.line === index + 1 ? 'wrong' : ''}><span>{line || ' '}</span></li>)}</ol>
          <textarea id="prompt" aria-label="Prompt" spellCheck={false} value={text} aria-invalid={!!fault} aria-describedby="prompt-faults" onChange={(event) => set(event.target.value)} />
        </div>
      </div>
      <ul className="faults" id="prompt-faults" aria-live="polite">
        {fault && <li>{fault.line !== null && <button type="button" onClick={() => selectLine(fault.line!)}>Line {fault.line}</button>}<bdi>{shown(fault.reason)}</bdi></li>}
      </ul>
      <Variables variables={checked?.variables ?? {}} />
    </>
  )
}

/** What each part may be filled with. */
function Variables({ variables }: Pick<PromptChecked, 'variables'>) {
  return (
    <details className="more">
      <summary>What may stand in it</summary>
      <p className="muted">Front matter with <code>name</code> between two lines of <code>---</code>, then <code>## system</code> and <code>## user</code>, each a Jinja template: text with <code>{'{{ guidelines }}'}</code>, <code>{'{% if … %}'}</code> and <code>{'{% for … %}'}</code>.</p>
      {Object.entries(variables).map(([part, names]) => (
        <dl key={part} className="variables">
          <dt>## {part}</dt>
          {Object.entries(names).map(([name, says]) => <dd key={name}><code>{name}</code> <span>{says}</span></dd>)}
        </dl>
      ))}
    </details>
  )
}

function selectLine(line: number): void {
  const area = document.getElementById('prompt') as HTMLTextAreaElement
  const lines = area.value.split('\n')
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0)
  area.focus()
  area.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0))
  area.parentElement?.querySelectorAll('li')[line - 1]?.scrollIntoView({ block: 'nearest' })
}
