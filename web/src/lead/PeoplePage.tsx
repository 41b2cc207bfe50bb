import './lead.css'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, every, take, type User } from '../lib/api'
import { ROLES, useSession } from '../lib/session'
import { useAct } from '../lib/useAct'
import { moment } from '../lib/words'
import { Invitations } from './Invitations'
import { Secret } from './Secret'
import { Tokens } from './Tokens'

/** Who may come in, as what, and by which tokens. For admins. */
export function PeoplePage() {
  const { data, error } = useQuery({
    queryKey: ['users'],
    queryFn: () => every((after) => take(api.GET('/v1/users', { params: { query: { after, limit: 500 } } }))),
  })
  const [opened, setOpened] = useState('')
  return (
    <main className="page lead">
      <header>
        <h1>People</h1>
      </header>
      {error && (
        <p className="bad" role="alert">
          {error.message}
        </p>
      )}
      <section className="card panel" aria-label="Invite">
        <h2>Invite somebody</h2>
        <Invitations />
      </section>
      <section className="card panel" aria-label="Users">
        <h2>Users</h2>
        <div className="scroll">
          <table aria-label="Users">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Role</th>
                <th scope="col">Since</th>
                <th scope="col">
                  <span className="vh">What to do</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {(data ?? []).map((user) => (
                <Row
                  key={user.id}
                  user={user}
                  isOpen={opened === user.name}
                  open={() => setOpened(opened === user.name ? '' : user.name)}
                />
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </main>
  )
}

function Row({ user, isOpen, open }: { user: User; isOpen: boolean; open: () => void }) {
  const client = useQueryClient()
  const { data: session } = useSession()
  const { act, fault, isBusy } = useAct()
  const [link, setLink] = useState('')
  const isMe = session?.name === user.name
  const change = (body: { role?: User['role']; disabled?: boolean }) =>
    act(async () => {
      await take(api.PATCH('/v1/users/{name}', { params: { path: { name: user.name } }, body: body as never }))
      await client.invalidateQueries({ queryKey: ['users'] })
    })
  const reset = () =>
    act(async () =>
      setLink(
        location.origin +
          (await take(api.POST('/v1/invitations', { body: { role: 'reviewer', projects: [], user: user.name } }))).path,
      ),
    )
  return (
    <>
      <tr className={user.disabled_at ? 'closed' : ''}>
        <th scope="row">
          <bdi>{user.name}</bdi>
          {isMe && <span className="muted"> (you)</span>}
          {user.disabled_at && <span className="muted"> (closed)</span>}
        </th>
        <td>
          <select
            className="box"
            aria-label={`Role of ${user.name}`}
            value={user.role}
            disabled={isBusy || isMe}
            onChange={(event) => void change({ role: event.target.value })}
          >
            {ROLES.map((role) => (
              <option key={role}>{role}</option>
            ))}
          </select>
        </td>
        <td>{moment(user.created_at)}</td>
        <td className="acts-cell">
          <button className="btn" aria-expanded={isOpen} onClick={open}>
            Tokens
          </button>{' '}
          <button className="btn" disabled={isBusy} onClick={() => void reset()}>
            New password
          </button>{' '}
          {!isMe && (
            <button className="btn" disabled={isBusy} onClick={() => void change({ disabled: !user.disabled_at })}>
              {user.disabled_at ? 'Open again' : 'Close'}
            </button>
          )}
        </td>
      </tr>
      {(fault || link || isOpen) && (
        <tr>
          <td colSpan={4}>
            {fault && (
              <p className="bad" role="alert">
                {fault}
              </p>
            )}
            {link && (
              <Secret
                label={`Link for ${user.name}`}
                says={`With this link ${user.name} sets a new password.`}
                value={link}
                close={() => setLink('')}
              />
            )}
            {isOpen && <Tokens of={user.name} />}
          </td>
        </tr>
      )}
    </>
  )
}
