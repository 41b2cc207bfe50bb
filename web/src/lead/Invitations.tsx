import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { api, take } from '../lib/api'
import { ROLES, useSession } from '../lib/session'
import { useAct } from '../lib/useAct'
import { moment } from '../lib/words'
import { Secret } from './Secret'

type Role = 'reviewer' | 'senior' | 'lead' | 'admin'

/** Invite somebody by a link, and the links that nobody has used yet. `project`: they become a member of it. */
export function Invitations({ project = '' }: { project?: string }) {
  const client = useQueryClient()
  const { data: session } = useSession()
  const { act, fault, isBusy } = useAct()
  const [role, setRole] = useState<Role>('reviewer')
  const [link, setLink] = useState('')
  const { data } = useQuery({ queryKey: ['invitations'], queryFn: () => take(api.GET('/v1/invitations')) })
  const look = () => client.invalidateQueries({ queryKey: ['invitations'] })
  const invite = (event: FormEvent) => {
    event.preventDefault()
    void act(async () => {
      const made = await take(api.POST('/v1/invitations', { body: { role, projects: project ? [project] : [] } }))
      setLink(location.origin + made.path)
      await look()
    })
  }
  const withdraw = (invitation_id: number) =>
    act(async () => {
      await take(api.DELETE('/v1/invitations/{invitation_id}', { params: { path: { invitation_id } } }))
      await look()
    })
  return (
    <>
      <form className="inline" onSubmit={invite}>
        <label>
          Invite as
          <select
            className="box"
            value={role}
            onChange={(event) => setRole(event.target.value as Role)}
            disabled={session?.role !== 'admin'}
          >
            {ROLES.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <button className="btn primary" type="submit" disabled={isBusy}>
          Make a link
        </button>
        {fault && (
          <p className="bad" role="alert">
            {fault}
          </p>
        )}
      </form>
      {link && (
        <Secret
          label="Link of the invitation"
          says="Send this link to one person: it is good once, for a week."
          value={link}
          close={() => setLink('')}
        />
      )}
      {!project && data && data.length > 0 && (
        <div className="scroll">
          <table aria-label="Open invitations">
            <thead>
              <tr>
                <th scope="col">Open invitation</th>
                <th scope="col">By</th>
                <th scope="col">Until</th>
                <th scope="col">
                  <span className="vh">Withdraw</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.map((one) => (
                <tr key={one.id}>
                  <th scope="row">
                    {one.user ? (
                      <>
                        New password for <bdi>{one.user}</bdi>
                      </>
                    ) : (
                      `One ${one.role}`
                    )}
                  </th>
                  <td>
                    <bdi>{one.by}</bdi>
                  </td>
                  <td>{moment(one.expires_at)}</td>
                  <td className="acts-cell">
                    <button className="btn" disabled={isBusy} onClick={() => void withdraw(one.id)}>
                      Withdraw
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  )
}
