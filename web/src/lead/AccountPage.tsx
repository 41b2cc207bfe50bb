import './lead.css'
import { useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { api, take } from '../lib/api'
import { reaches, ROLES, useSession } from '../lib/session'
import { useAct } from '../lib/useAct'
import { Secret } from './Secret'
import { Tokens } from './Tokens'

/** Your own ways in: password, tokens, sessions. */
export function AccountPage() {
  const { data: session } = useSession()
  if (!session) return null
  return (
    <main className="page lead">
      <header>
        <h1>
          <bdi>{session.name}</bdi>
        </h1>
        <span className="chip">{session.role}</span>
      </header>
      <section className="card panel" aria-label="Password">
        <h2>{session.has_password ? 'Change your password' : 'Set a password'}</h2>
        <Password hasOne={session.has_password} />
      </section>
      <section className="card panel" aria-label="Tokens">
        <h2>Your tokens</h2>
        <p className="muted">For programs and the command line that act in your name.</p>
        <Tokens of={session.name} />
        <NewToken role={session.role} name={session.name} />
      </section>
      <section className="card panel" aria-label="Sessions">
        <h2>Sign out everywhere</h2>
        <Everywhere />
      </section>
    </main>
  )
}

function Password({ hasOne }: { hasOne: boolean }) {
  const client = useQueryClient()
  const { act, fault, isBusy } = useAct()
  const [isSet, setSet] = useState(false)
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget,
      given = new FormData(form)
    const body = { old: String(given.get('old') ?? ''), new: String(given.get('new')) }
    if (!(await act(() => take(api.PUT('/v1/password', { body }))))) return
    form.reset()
    setSet(true)
    await client.invalidateQueries({ queryKey: ['session'] })
  }
  return (
    <form className="inline" onSubmit={(event) => void submit(event)}>
      {hasOne && (
        <label>
          Old password
          <input className="box" name="old" type="password" autoComplete="current-password" required />
        </label>
      )}
      <label>
        New password
        <input
          className="box"
          name="new"
          type="password"
          autoComplete="new-password"
          minLength={10}
          required
          placeholder="At least 10 characters"
        />
      </label>
      <button className="btn" type="submit" disabled={isBusy}>
        Set password
      </button>
      {fault ? (
        <p className="bad" role="alert">
          {fault}
        </p>
      ) : (
        isSet && <p role="status">Your password is set; all other sessions of yours have ended.</p>
      )}
    </form>
  )
}

type Role = 'reviewer' | 'senior' | 'lead' | 'admin'

function NewToken({ role, name }: { role: string; name: string }) {
  const client = useQueryClient()
  const { act, fault, isBusy } = useAct()
  const [secret, setSecret] = useState('')
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const given = new FormData(event.currentTarget)
    const days = String(given.get('days') ?? '')
    const body = {
      name: String(given.get('name')),
      role: String(given.get('role')) as Role,
      days: days ? Number(days) : null,
    }
    void act(async () => {
      setSecret((await take(api.POST('/v1/tokens', { body }))).token)
      await client.invalidateQueries({ queryKey: ['tokens', name] })
    })
  }
  return (
    <>
      <form className="inline" onSubmit={submit}>
        <label>
          What for
          <input className="box" name="name" required maxLength={100} placeholder="notebook" />
        </label>
        <label>
          It may do what a … may
          <select className="box" name="role" defaultValue={role}>
            {ROLES.filter((one) => reaches(role, one)).map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <label>
          Ends after days
          <input className="box" name="days" type="number" min={1} max={3650} placeholder="never" />
        </label>
        <button className="btn" type="submit" disabled={isBusy}>
          Make a token
        </button>
        {fault && (
          <p className="bad" role="alert">
            {fault}
          </p>
        )}
      </form>
      {secret && <Secret label="Token" says="Your new token." value={secret} close={() => setSecret('')} />}
    </>
  )
}

function Everywhere() {
  const client = useQueryClient()
  const { act, fault, isBusy } = useAct()
  const leave = () =>
    act(async () => {
      await take(api.DELETE('/v1/session', { params: { query: { everywhere: true } } }))
      client.clear()
      location.assign('/')
    })
  return (
    <>
      <p className="muted">Ends all your sessions, in every browser, this one too. Tokens stay.</p>
      <button className="btn" disabled={isBusy} onClick={() => void leave()}>
        Sign out everywhere
      </button>
      {fault && (
        <p className="bad" role="alert">
          {fault}
        </p>
      )}
    </>
  )
}
