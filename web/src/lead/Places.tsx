import { count, title } from '../lib/words'

/** Where an example can be, in the order of its way; what each means stands in a tip. */
const PLACES = [
  ['settled', 'It has its label'],
  ['queued', 'People are to answer it'],
  ['drafted', 'It has a draft and waits to be routed'],
  ['waiting', 'It waits for its draft'],
  ['failed', 'It cannot be labeled'],
] as const

type Props = { places: Record<string, number>; isSmall?: boolean }

/** Where the examples of a run are: one bar, and beneath it the figures. */
export function Places({ places, isSmall = false }: Props) {
  const all = Object.values(places).reduce((a, b) => a + b, 0) || 1
  const words = PLACES.filter(([name]) => places[name])
    .map(([name]) => `${count(places[name]!)} ${name}`)
    .join(', ')
  return (
    <div className="places">
      <div className="parts" role="img" aria-label={words || 'No examples'}>
        {PLACES.map(([name]) => (
          <span key={name} className={name} style={{ width: `${(100 * (places[name] ?? 0)) / all}%` }} />
        ))}
      </div>
      {!isSmall && (
        <dl>
          {PLACES.map(([name, meaning]) => (
            <div key={name} title={meaning}>
              <dt>
                <i className={name} />
                {title(name)}
              </dt>
              <dd className="num">{count(places[name] ?? 0)}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  )
}
