import { useQuery, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../lib/api'
import { useAct } from '../lib/useAct'
import { moment } from '../lib/words'

/** The tokens of somebody that are alive: what each may do, when it was last used, and its end. */
export function Tokens({ of }: { of: string }) {
  const client = useQueryClient()
  const { act, fault, isBusy } = useAct()
  const { data, error } = useQuery({
    queryKey: ['tokens', of],
    queryFn: () => take(api.GET('/v1/tokens', { params: { query: { of } } })),
  })
  const revoke = (token_id: number) =>
    act(async () => {
      await take(api.DELETE('/v1/tokens/{token_id}', { params: { path: { token_id } } }))
      await client.invalidateQueries({ queryKey: ['tokens', of] })
    })
  if (error)
    return (
      <p className="bad" role="alert">
        {error.message}
      </p>
    )
  if (!data?.length) return <p className="muted">{data ? 'No token.' : ''}</p>
  return (
    <div className="scroll">
      <table aria-label={`Tokens of ${of}`}>
        <thead>
          <tr>
            <th scope="col">Token</th>
            <th scope="col">May do</th>
            <th scope="col">Last used</th>
            <th scope="col">Ends</th>
            <th scope="col">
              <span className="vh">Revoke</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {data.map((token) => (
            <tr key={token.id}>
              <th scope="row">
                <bdi>{token.name}</bdi>
              </th>
              <td>{token.role ? `what a ${token.role} may` : 'all that its user may'}</td>
              <td>{token.last_used_at ? moment(token.last_used_at) : 'never'}</td>
              <td>{token.expires_at ? moment(token.expires_at) : 'when revoked'}</td>
              <td className="acts-cell">
                <button
                  className="btn"
                  disabled={isBusy}
                  aria-label={`Revoke ${token.name}`}
                  onClick={() => void revoke(token.id)}
                >
                  Revoke
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {fault && (
        <p className="bad" role="alert">
          {fault}
        </p>
      )}
    </div>
  )
}
