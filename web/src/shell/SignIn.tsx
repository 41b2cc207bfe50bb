import { useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { api, take } from '../lib/api'

/** By name and password, or by a token. */
export function SignIn({ title, done }: { title: string; done?: () => void }) {
  const client = useQueryClient()
  const [byToken, setByToken] = useState(false)
  const [fault, setFault] = useState('')
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const given = new FormData(event.currentTarget)
    const text = (name: string) => String(given.get(name) ?? '').trim()
    const body = { name: text('name'), password: String(given.get('password') ?? ''), token: text('token') }
    try {
      await take(api.POST('/v1/session', { body }))
      await client.invalidateQueries({ queryKey: ['session'] })
      done?.()
    } catch (error) {
      setFault((error as Error).message)
    }
  }
  return (
    <form className="sign-in card" onSubmit={(event) => void submit(event)}>
      <h1>{title}</h1>
      {byToken ? (
        <label>
          Token
          <input name="token" type="password" autoComplete="off" required autoFocus placeholder="pl_…" />
        </label>
      ) : (
        <>
          <label>
            Name
            <input name="name" autoComplete="username" required autoFocus />
          </label>
          <label>
            Password
            <input name="password" type="password" autoComplete="current-password" required />
          </label>
        </>
      )}
      {fault && (
        <p className="bad" role="alert">
          {fault}
        </p>
      )}
      <button className="btn primary" type="submit">
        Sign in
      </button>
      <button
        className="link"
        type="button"
        onClick={() => {
          setByToken(!byToken)
          setFault('')
        }}
      >
        {byToken ? 'Sign in with name and password' : 'Sign in with a token'}
      </button>
    </form>
  )
}
