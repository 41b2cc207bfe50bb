import { useQuery, useQueryClient } from '@tanstack/react-query'
import { api, Failure, setCsrf, take } from './api'

export const ROLES = ['reviewer', 'senior', 'lead', 'admin']

/** Who is signed in; null where nobody is. */
export function useSession() {
  return useQuery({
    queryKey: ['session'],
    staleTime: 5 * 60_000,
    retry: (times, error) => times < 3 && (error as Failure).status !== 401,
    queryFn: async () => {
      try {
        const session = await take(api.GET('/v1/session'))
        setCsrf(session.csrf_token)
        return session
      } catch (error) {
        if ((error as Failure).status === 401) return null
        throw error
      }
    },
  })
}

export function useSignOut() {
  const client = useQueryClient()
  return async () => {
    await take(api.DELETE('/v1/session'))
    client.clear()
    location.assign('/')
  }
}

export const reaches = (role: string, least: string) => ROLES.indexOf(role) >= ROLES.indexOf(least)
