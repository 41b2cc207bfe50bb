import { useQuery } from '@tanstack/react-query'
import { api, take } from '../lib/api'
import { dollars, moment, shown } from '../lib/words'
import { short } from './usePrompts'

type Props = {
  project: string
  chosen: number | undefined
  choose: (id: number) => void
  edit: (digest: string) => void
}

/** What was tried out in the project, the newest first, so that one prompt can be held against another. */
export function Trials({ project, chosen, choose, edit }: Props) {
  const { data } = useTrials(project)
  if (!data?.length) return null
  return (
    <section className="card panel" aria-label="Trials">
      <h2>Trials</h2>
      <div className="scroll" tabIndex={0} role="region" aria-label="Trials of the project">
        <table>
          <thead>
            <tr>
              <th scope="col">Trial</th>
              <th scope="col">Prompt</th>
              <th scope="col">Model</th>
              <th scope="col">Right</th>
              <th scope="col">For one</th>
              <th scope="col">Spent</th>
              <th scope="col">When</th>
              <th scope="col">
                <span className="unseen">Acts</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {data.map((one) => (
              <tr key={one.id} aria-current={one.id === chosen || undefined}>
                <th scope="row">
                  <button className="link" onClick={() => choose(one.id)}>
                    Trial {one.id}
                  </button>
                </th>
                <td>
                  <bdi>{shown(one.prompt)}</bdi> <code>{short(one.digest)}</code>
                </td>
                <td>
                  <bdi>{one.steps.map((step) => step.model).join(' > ')}</bdi>
                </td>
                <td className="num">{one.right.n ? `${one.right.right} of ${one.right.n}` : 'not known'}</td>
                <td className="num">{one.per_example === null ? '' : dollars(one.per_example)}</td>
                <td className="num">{dollars(one.spent)}</td>
                <td>{moment(one.created_at)}</td>
                <td>
                  <button
                    className="btn"
                    aria-label={`Edit the prompt of trial ${one.id}`}
                    onClick={() => edit(one.digest)}
                  >
                    Edit its prompt
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

/** The project's trials, the newest first. */
export function useTrials(project: string) {
  const params = { path: { project } }
  return useQuery({
    queryKey: ['trials', project],
    queryFn: async () => (await take(api.GET('/v1/projects/{project}/trials', { params }))).items,
  })
}
