import type { Run } from './api'
import { title } from './words'

/** Which run one looks at, the newest first, by project. */
export function RunSelect({ runs, run, choose }: { runs: Run[]; run: number; choose: (run: number) => void }) {
  return (
    <select
      className="control run-select"
      aria-label="Run"
      value={run}
      onChange={(event) => choose(Number(event.target.value))}
    >
      {Object.entries(Object.groupBy(runs, (one) => one.project)).map(([project, ones]) => (
        <optgroup key={project} label={title(project)}>
          {ones!.map((one) => (
            <option key={one.id} value={one.id}>{`${title(one.project)}, ${one.dataset}, run ${one.id}`}</option>
          ))}
        </optgroup>
      ))}
    </select>
  )
}
