import { keepPreviousData, useInfiniteQuery, useQueries, type UseQueryResult } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { api, take, type Example, type OutlinePart } from '../lib/api'
import type { Wanted } from './search'

const SIZE = 100
const AHEAD = 40 // rows beyond what is in sight
const SETTLES_AFTER = 80,
  FORGOTTEN_AFTER = 20_000

type Part = { after: number; examples: number }
export type Outline = {
  parts: Part[]
  starts: number[]
  examples: number
  isWhole: boolean
  isPending: boolean
  error: Error | null
}

/** How many examples are found and where their pages begin, while it becomes known: the list can be as long as it will be before
 *  any of it is here. */
export function useOutline(run: number, wanted: Wanted): Outline {
  const query = useInfiniteQuery({
    queryKey: ['outline', run, wanted],
    enabled: run > 0,
    retry: false,
    initialPageParam: 0,
    getNextPageParam: (last: OutlinePart) => last.next,
    queryFn: ({ pageParam, signal }): Promise<OutlinePart> =>
      take(
        api.GET('/v1/runs/{run_id}/examples/outline', {
          signal,
          params: { path: { run_id: run }, query: { ...wanted, after: pageParam, size: SIZE } },
        }),
      ),
  })
  const { data, hasNextPage, isFetching, fetchNextPage, isPending, error } = query
  useEffect(() => {
    if (hasNextPage && !isFetching && !error) void fetchNextPage()
  }, [hasNextPage, isFetching, fetchNextPage, error])
  return useMemo(() => {
    const parts = data?.pages.flatMap((page) => page.pages) ?? []
    let examples = 0
    const starts = parts.map((part) => (examples += part.examples) - part.examples)
    return { parts, starts, examples, isWhole: !!data && !hasNextPage, isPending, error }
  }, [data, hasNextPage, isPending, error])
}

/** The page that a row is on. */
export function pageOf(starts: number[], row: number): number {
  let low = 0,
    high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (starts[middle]! <= row) low = middle
    else high = middle - 1
  }
  return low
}

/** The rows from `first` to `last`. Only the pages around them are held, and while one scrolls fast none is asked for. */
export function useRows(
  run: number,
  wanted: Wanted,
  outline: Outline,
  first: number,
  last: number,
): (row: number) => Example | undefined {
  const [from, to] = useSettled(pageOf(outline.starts, first - AHEAD), pageOf(outline.starts, last + AHEAD))
  const pages = outline.parts.slice(from, to + 1)
  const found = useQueries({
    queries: pages.map((part) => ({
      queryKey: ['examples', run, wanted, part.after, part.examples],
      gcTime: FORGOTTEN_AFTER,
      placeholderData: keepPreviousData,
      queryFn: ({ signal }: { signal: AbortSignal }) => fetchPage(run, wanted, part, signal),
    })),
  }) as UseQueryResult<Example[]>[]
  return (row) => {
    const page = pageOf(outline.starts, row)
    return found[page - from]?.data?.[row - outline.starts[page]!]
  }
}

async function fetchPage(run: number, wanted: Wanted, part: Part, signal: AbortSignal): Promise<Example[]> {
  const items: Example[] = []
  let after: number | null = part.after
  while (after !== null && items.length < part.examples) {
    const query = { ...wanted, after, limit: part.examples - items.length }
    const page: { items: Example[]; next?: number | null } = await take(
      api.GET('/v1/runs/{run_id}/examples', { signal, params: { path: { run_id: run }, query } }),
    )
    items.push(...page.items)
    after = page.next ?? null
  }
  return items
}

/** A range once it has rested: who drags through a thousand pages asks the server for the last of them alone. */
function useSettled(first: number, last: number): [number, number] {
  const [range, setRange] = useState<[number, number]>([first, last])
  const [from, to] = range
  useEffect(() => {
    if (first === from && last === to) return
    const timer = setTimeout(() => setRange([first, last]), SETTLES_AFTER)
    return () => clearTimeout(timer)
  }, [first, last, from, to])
  return range
}
