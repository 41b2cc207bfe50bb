import { Modal } from '@mantine/core'
import type { ChangePlan } from '../../lib/api'
import { count } from '../../lib/words'

type Fit = ChangePlan['labels']

/** What a change does: each difference, then how many labels of each sort stay, are mapped, or do not fit and what that means. */
export function Plan({ plan }: { plan: ChangePlan }) {
  return (
    <section className="card panel" aria-label="What the change does">
      <h2>
        From version {plan.from_version} to {plan.to_version}
      </h2>
      <ul className="said">
        {plan.changes.map((change) => (
          <li key={change.said}>
            <bdi>{change.said}</bdi>
          </li>
        ))}
      </ul>
      <div className="scroll">
        <table aria-label="What becomes of what is there">
          <thead>
            <tr>
              <th scope="col">What is there</th>
              <th scope="col">stays</th>
              <th scope="col">is mapped</th>
              <th scope="col">does not fit</th>
            </tr>
          </thead>
          <tbody>
            <Row what="Settled labels" fit={plan.labels} otherwise="back to the queue" />
            <Row what="Drafts in the queue or on their way there" fit={plan.drafts} otherwise="not shown to people" />
            <Row what="Gold" fit={plan.gold} otherwise="gold no more" />
            <Row what="Drafts made elsewhere" fit={plan.given} otherwise="counted as missing" />
          </tbody>
        </table>
      </div>
      <p className="muted">
        {runsSaid(plan)} {counted(plan.waiting, 'example')} {plan.waiting === 1 ? 'waits and is' : 'wait and are'}{' '}
        drafted under it; {counted(plan.reviews, 'review')} {plan.reviews === 1 ? 'stays as it is' : 'stay as they are'}
        .
      </p>
    </section>
  )
}

function Row({ what, fit, otherwise }: { what: string; fit: Fit; otherwise: string }) {
  const isNone = !(fit.same + fit.mapped + fit.unfit)
  if (isNone)
    return (
      <tr className="muted">
        <th scope="row">{what}</th>
        <td colSpan={3}>none</td>
      </tr>
    )
  return (
    <tr>
      <th scope="row">{what}</th>
      <td className="num">{count(fit.same)}</td>
      <td className="num">{count(fit.mapped)}</td>
      <td className="num">
        {count(fit.unfit)}
        {fit.unfit > 0 && <b className="warn-text"> {otherwise}</b>}
        {Object.entries(fit.reasons).map(([why, number]) => (
          <small key={why}>
            {count(number)}: <bdi>{why}</bdi>
          </small>
        ))}
      </td>
    </tr>
  )
}

/** Says once more, in sentences, what will be done, and does it. */
export function Confirm({
  plan,
  isBusy,
  fault,
  close,
  apply,
}: {
  plan: ChangePlan
  isBusy: boolean
  fault: string
  close: () => void
  apply: () => void
}) {
  const { labels } = plan
  return (
    <Modal
      opened
      onClose={close}
      title={`Make this version ${plan.to_version}?`}
      centered
      size={520}
      radius={18}
      transitionProps={{ duration: 0 }}
    >
      <div className="lead">
        <ul className="said" data-testid="will">
          <li>{runsSaid(plan)}</li>
          {labels.mapped > 0 && (
            <li>
              {counted(labels.mapped, 'label')} {labels.mapped === 1 ? 'gets its' : 'get their'} new names; the old{' '}
              {labels.mapped === 1 ? 'one stays' : 'ones stay'} as history.
            </li>
          )}
          {labels.unfit > 0 && (
            <li>
              <b className="warn-text">
                {counted(labels.unfit, 'settled example')} {labels.unfit === 1 ? 'goes' : 'go'} back to the queue
              </b>
              , with a note why.
            </li>
          )}
          {!labels.mapped && !labels.unfit && <li>No settled label changes.</li>}
          <li>Nothing is overwritten. To take it back, take version {plan.from_version} into the editor.</li>
        </ul>
        {fault && (
          <p className="bad lines" role="alert">
            {fault}
          </p>
        )}
        <div className="acts">
          <button className="btn" type="button" onClick={close}>
            Cancel
          </button>
          <button className="btn primary" type="button" data-autofocus disabled={isBusy} onClick={apply}>
            Change the schema
          </button>
        </div>
      </div>
    </Modal>
  )
}

const counted = (number: number, what: string) => `${count(number)} ${what}${number === 1 ? '' : 's'}`

function runsSaid({ runs, runs_that_stay: stay }: ChangePlan): string {
  const moves = runs.length
    ? `${runs.length === 1 ? 'Run' : 'Runs'} ${runs.join(', ')} ${runs.length === 1 ? 'moves' : 'move'} to it.`
    : 'No run moves; it holds for new ones.'
  return stay.length
    ? `${moves} ${stay.length === 1 ? 'Run' : 'Runs'} ${stay.join(', ')} ${stay.length === 1 ? 'stays' : 'stay'} at another version.`
    : moves
}
