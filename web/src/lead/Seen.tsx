import { Guidelines } from '../review/Guidelines'
import { Faults } from './LineEditor'
import { Preview } from './Preview'
import type { Checked } from './useSchema'

/** What reviewers get to see of a schema: the form to be tried out, and the guidelines; or what is wrong with it. */
export function Seen({ checked, error }: { checked: Checked | undefined; error: Error | null }) {
  return (
    <>
      <h2>What reviewers see</h2>
      <div className="card panel sticky">
        {error && (
          <p className="bad" role="alert">
            {error.message}
          </p>
        )}
        {checked &&
          (checked.faults.length ? (
            <>
              <p className="muted">The form appears once the schema holds.</p>
              <Faults of="schema" faults={checked.faults} />
            </>
          ) : (
            <Preview key={JSON.stringify(checked.fields)} fields={checked.fields} guidelines={checked.guidelines} />
          ))}
        {checked?.guidelines && <Guidelines form={{ fields: [], guidelines: checked.guidelines }} label={{}} />}
      </div>
    </>
  )
}
