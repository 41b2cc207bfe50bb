import { Link } from 'wouter'
import { titled, useKnownPrompts } from './usePrompts'

type Props = { project: string; chosen: string; choose: (digest: string) => void }

/** With which prompt a run drafts. `chosen`: how its digest begins, or empty for the first that ships. */
export function PromptChoice({ project, chosen, choose }: Props) {
  const { data } = useKnownPrompts(project)
  if (!data) return null
  const found = data.find((one) => chosen && one.digest.startsWith(chosen)) ?? data[0]
  return (
    <div className="inline">
      <label>
        Prompt
        <select className="box" value={found?.digest} onChange={(event) => choose(event.target.value)}>
          {data.map((one) => (
            <option key={one.digest} value={one.digest}>
              {titled(one)}
            </option>
          ))}
        </select>
      </label>
      <Link className="btn" href={`/projects/${encodeURIComponent(project)}/prompt?from=${found?.digest.slice(0, 12)}`}>
        Edit it, try it out
      </Link>
    </div>
  )
}
