import { holdsGuidelines } from './snippets'

/** The guidelines as they are written, unless the text of the schema holds them itself. */
export function GuidelinesEntry({
  schema,
  value,
  set,
}: {
  schema: string
  value: string
  set: (value: string) => void
}) {
  const isWithin = holdsGuidelines(schema)
  return (
    <>
      <label className="entry">
        <span className="h">Guidelines</span>
        <textarea
          className="box"
          rows={Math.max(5, Math.min(16, value.split('\n').length))}
          value={value}
          onChange={(event) => set(event.target.value)}
          disabled={isWithin}
          placeholder={
            isWithin
              ? 'They stand in the schema above'
              : 'Where a ticket asks for several things, the first one decides.'
          }
        />
      </label>
      <p className="muted">Models and people read the same guidelines. Markdown is fine.</p>
    </>
  )
}
