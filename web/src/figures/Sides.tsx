import type { Run } from '../lib/api'
import { title } from '../lib/words'
import { useProjectLedger } from './useFigures'
import { WHATS, type Asked, type What } from './pair'

type Props = { asked: Asked; runs: Run[]; choose: (asked: Asked) => void }
type Option = { value: string; word: string }

/** What is compared: runs of one dataset, or models or prompts of a project. */
export function Sides({ asked, runs, choose }: Props) {
  const by = asked.what === 'models' ? 'model' : 'prompt'
  const ledger = useProjectLedger(asked.what === 'runs' ? '' : asked.project, by).data
  const projects = [...new Set(runs.map((one) => one.project))]
  const dataset = runs.find((one) => String(one.id) === asked.first)?.dataset
  const of = (isSecond: boolean): Option[] =>
    asked.what === 'runs'
      ? runs
          .filter((one) => one.project === asked.project && (!isSecond || !dataset || one.dataset === dataset))
          .map((one) => ({ value: String(one.id), word: `Run ${one.id}, ${one.dataset}, ${one.model}` }))
      : (ledger?.parts ?? []).map((one) => ({
          value: asked.what === 'models' ? one.name : one.name.split(' ').at(-1)!,
          word: one.name,
        }))
  return (
    <form className="card sides" aria-label="What is compared" onSubmit={(event) => event.preventDefault()}>
      <Pick
        label="Compare"
        value={asked.what}
        options={WHATS.map((value) => ({ value, word: title(value) }))}
        choose={(what) => choose({ ...asked, what: what as What, first: '', second: '' })}
      />
      <Pick
        label="Project"
        value={asked.project}
        options={projects.map((value) => ({ value, word: title(value) }))}
        choose={(project) => choose({ ...asked, project, first: '', second: '' })}
      />
      <Pick
        label="First"
        value={asked.first}
        options={of(false)}
        choose={(first) => choose({ ...asked, first, second: first === asked.second ? '' : asked.second })}
      />
      <Pick
        label="Second"
        value={asked.second}
        options={of(true).filter((one) => one.value !== asked.first)}
        choose={(second) => choose({ ...asked, second })}
      />
    </form>
  )
}

function Pick({
  label,
  value,
  options,
  choose,
}: {
  label: string
  value: string
  options: Option[]
  choose: (value: string) => void
}) {
  const isThere = options.some((one) => one.value === value)
  return (
    <label>
      {label}
      <select className="control" value={value} onChange={(event) => choose(event.target.value)}>
        {!isThere && <option value={value}>{value || 'Choose one'}</option>}
        {options.map((one) => (
          <option key={one.value} value={one.value}>
            {one.word}
          </option>
        ))}
      </select>
    </label>
  )
}
