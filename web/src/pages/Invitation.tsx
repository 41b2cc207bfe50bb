import { useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { useLocation } from 'wouter'
import { api, take } from '../lib/api'

/** Where the link of an invitation leads: a name and a password, and one is in. */
export function Invitation({ secret }: { secret: string }) {
  const client = useQueryClient()
  const [, go] = useLocation()
  const [fault, setFault] = useState('')
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const given = new FormData(event.currentTarget)
    const body = { secret, name: String(given.get('name')).trim(), password: String(given.get('password')) }
    try {
      await take(api.POST('/v1/invitations/accept', { body }))
      await client.invalidateQueries({ queryKey: ['session'] })
      go('/')
    } catch (error) {
      setFault((error as Error).message)
    }
  }
  return (
    <main className="gate">
      <form className="sign-in card" onSubmit={(event) => void submit(event)}>
        <h1>Welcome to Prelabel</h1>
        <label>
          Name
          <input name="name" autoComplete="username" autoFocus placeholder="Leave empty to set a new password" />
        </label>
        <label>
          Password
          <input
            name="password"
            type="password"
            autoComplete="new-password"
            required
            minLength={10}
            placeholder="At least 10 characters"
          />
        </label>
        {fault && (
          <p className="bad" role="alert">
            {fault}
          </p>
        )}
        <button className="btn primary" type="submit">
          Come in
        </button>
      </form>
    </main>
  )
}
