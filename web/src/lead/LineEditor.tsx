import type { Fault } from '../lib/api'
import { shown } from '../lib/words'

type Props = { id: string; label: string; text: string; set: (text: string) => void; faults: Fault[] }

/** A text in lines, each with its number, and those marked that are wrong; `Faults` of the same `id` says how. Beneath the text lies the
 *  same, unseen: its lines break where those above do, so that each number stands beside its own. */
export function LineEditor({ id, label, text, set, faults }: Props) {
  const wrong = new Set(faults.map((fault) => fault.line))
  return (
    <div className={`code ${faults.length ? 'is-wrong' : ''}`}>
      <div>
        <ol aria-hidden="true">
          {text.split('\n').map((line, index) => (
            <li key={index} className={wrong.has(index + 1) ? 'wrong' : ''}>
              <span>{line || ' '}</span>
            </li>
          ))}
        </ol>
        <textarea
          id={id}
          aria-label={label}
          spellCheck={false}
          value={text}
          aria-invalid={faults.length > 0}
          aria-describedby={`${id}-faults`}
          onChange={(event) => set(event.target.value)}
        />
      </div>
    </div>
  )
}

/** What is wrong with the text of the editor `of`, each with a way to its line. */
export function Faults({ of, faults }: { of: string; faults: Fault[] }) {
  return (
    <ul className="faults" id={`${of}-faults`} aria-live="polite">
      {faults.map(({ line, path, reason }) => (
        <li key={`${line} ${path} ${reason}`}>
          {line != null && (
            <button type="button" onClick={() => selectLine(of, line)}>
              Line {line}
            </button>
          )}
          <span>
            {path && (
              <>
                <code>{path}</code>:{' '}
              </>
            )}
            <bdi>{shown(reason)}</bdi>
          </span>
        </li>
      ))}
    </ul>
  )
}

function selectLine(id: string, line: number): void {
  const area = document.getElementById(id) as HTMLTextAreaElement
  const lines = area.value.split('\n')
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0)
  area.focus()
  area.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0))
  area.parentElement?.querySelectorAll('li')[line - 1]?.scrollIntoView({ block: 'nearest' })
}
