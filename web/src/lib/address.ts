import { useLocation, useSearch } from 'wouter'

/** The query of the page's address, and how to replace it: no step back for each letter that is typed. */
export function useAddress(): [string, (query: string) => void] {
  const [at, navigate] = useLocation()
  const query = useSearch()
  return [query, (next) => navigate(next ? `${at}?${next}` : at, { replace: true })]
}
