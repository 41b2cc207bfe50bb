import type { FormField, Json } from '../../lib/api'
import { fresh, gone, read, values, type Gone, type Mapping } from './renames'

type Props = { before: FormField[]; after: FormField[]; said: Mapping; say: (said: Mapping) => void }

/** Asks what names that are gone are called now, and what labels get in fields that they have not. Nothing, where nothing is to be said. */
export function Became({ before, after, said, say }: Props) {
  const names = gone(before, after, said),
    fields = fresh(before, after, said)
  if (!names.length && !fields.length) return null
  const rename = ({ field, option }: Gone, now: string | null | undefined) => {
    if (option !== null)
      say({ ...said, options: { ...said.options, [field]: put(said.options[field] ?? {}, option, now) } })
    else say({ ...said, fields: put(said.fields, field, now as string | undefined) })
  }
  return (
    <section className="card panel became" aria-label="What names became">
      <h2>What became of these?</h2>
      <p className="muted">
        The new schema does not have these names. Where one only has another name, say which: labels are mapped to it.
        What does not fit any more goes back to the queue.
      </p>
      <div className="grid">
        {names.map((one) => (
          <Name
            key={`${one.field} ${one.option}`}
            gone={one}
            now={one.option === null ? said.fields[one.field] : said.options[one.field]?.[one.option]}
            set={(now) => rename(one, now)}
          />
        ))}
        {fields.map((one) => (
          <Default
            key={one.name}
            field={one}
            value={said.defaults[one.name]}
            set={(value) => say({ ...said, defaults: put(said.defaults, one.name, value) })}
          />
        ))}
      </div>
    </section>
  )
}

const LEFT_OUT = 'left out',
  CALLED = 'called '

function Name({
  gone: { field, option, among, mayBeLeftOut },
  now,
  set,
}: {
  gone: Gone
  now: string | null | undefined
  set: (now: string | null | undefined) => void
}) {
  const choose = (value: string) =>
    set(value === LEFT_OUT ? null : value.startsWith(CALLED) ? value.slice(CALLED.length) : undefined)
  return (
    <label>
      {option === null ? (
        <>
          Field <code>{field}</code>
        </>
      ) : (
        <>
          <code>{option}</code> of <code>{field}</code>
        </>
      )}
      <select
        className="box"
        value={now === null ? LEFT_OUT : now === undefined ? '' : CALLED + now}
        onChange={(event) => choose(event.target.value)}
      >
        <option value="">is removed</option>
        {mayBeLeftOut && <option value={LEFT_OUT}>is left out of lists</option>}
        {among.map((name) => (
          <option key={name} value={CALLED + name}>
            is called {name}
          </option>
        ))}
      </select>
    </label>
  )
}

/** Without a value the examples go back to the queue. */
function Default({ field, value, set }: { field: FormField; value: Json; set: (value: Json) => void }) {
  const choices =
    field.kind === 'boolean'
      ? ['true', 'false']
      : field.kind === 'choice'
        ? values(field).map((one) => JSON.stringify(one))
        : null
  const shown = value === undefined ? '' : JSON.stringify(value)
  return (
    <label>
      Labels so far get in <code>{field.name}</code>
      {choices ? (
        <select
          className="box"
          value={shown}
          onChange={(event) => set(event.target.value ? read(event.target.value) : undefined)}
        >
          <option value="">nothing</option>
          {choices.map((one) => (
            <option key={one} value={one}>
              {one === 'true' ? 'yes' : one === 'false' ? 'no' : String(read(one))}
            </option>
          ))}
        </select>
      ) : (
        <input
          className="box"
          defaultValue={typeof value === 'string' ? value : shown}
          placeholder="nothing"
          onChange={(event) => set(event.target.value ? read(event.target.value) : undefined)}
        />
      )}
    </label>
  )
}

/** With this value, or without it where that is undefined. */
function put<T>(all: Record<string, T>, name: string, value: T | undefined): Record<string, T> {
  const others = Object.entries(all).filter(([other]) => other !== name)
  return Object.fromEntries(value === undefined ? others : [...others, [name, value]])
}
