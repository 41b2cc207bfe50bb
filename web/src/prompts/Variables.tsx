import type { PromptChecked } from '../lib/api'

/** What may stand in a prompt: its parts, and what each may be filled with. */
export function Variables({ variables }: Pick<PromptChecked, 'variables'>) {
  return (
    <details className="more">
      <summary>What may stand in it</summary>
      <p className="muted">
        Front matter with <code>name</code> between two lines of <code>---</code>, then <code>## system</code> and{' '}
        <code>## user</code>, each a Jinja template: text with <code>{'{{ guidelines }}'}</code>,{' '}
        <code>{'{% if … %}'}</code> and <code>{'{% for … %}'}</code>.
      </p>
      {Object.entries(variables).map(([part, names]) => (
        <dl key={part} className="variables">
          <dt>## {part}</dt>
          {Object.entries(names).map(([name, says]) => (
            <dd key={name}>
              <code>{name}</code> <span>{says}</span>
            </dd>
          ))}
        </dl>
      ))}
    </details>
  )
}
