import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { api, Failure, take, type Label, type TwoSides } from '../lib/api'

export type SideName = 'example' | 'counterpart'
export type Act =
  { kind: 'resolve'; side: SideName; label: Label; seconds: number } | { kind: 'dismiss' } | { kind: 'queue' }
type Refused = { id: number; why: string }

const LOOKS_AGAIN_AFTER = 2_000

/** The newest search of a run; null where it was never searched. Looked at again until it is done. */
export function useSearch(run: number) {
  return useQuery({
    queryKey: ['conflict-search', run],
    enabled: run > 0,
    retry: false,
    refetchInterval: ({ state: { data } }) => (data && !data.finished_at ? LOOKS_AGAIN_AFTER : false),
    queryFn: async () => {
      try {
        return await take(api.GET('/v1/runs/{run_id}/conflicts/search', { params: { path: { run_id: run } } }))
      } catch (error) {
        if ((error as Failure).status === 404) return null
        throw error
      }
    },
  })
}

/** The open conflicts of a run, one after the other: what is decided is sent behind the page's back, and the next one is there. */
export function useConflicts(run: number, search: number | undefined) {
  const client = useQueryClient()
  const list = useQuery({
    queryKey: ['conflicts', run, search],
    enabled: search !== undefined,
    queryFn: () =>
      take(api.GET('/v1/runs/{run_id}/conflicts', { params: { path: { run_id: run }, query: { limit: 100 } } })),
  })
  const [gone, setGone] = useState<ReadonlySet<number>>(new Set())
  const [later, setLater] = useState<number[]>([])
  const [refused, setRefused] = useState<Refused[]>([])
  const [fixed, setFixed] = useState(0)
  const [past, setPast] = useState<number[]>([]) // what can be taken back, the newest last
  const [first, setFirst] = useState<number[]>([]) // what was taken back comes first
  const open = (list.data?.items ?? []).filter((one) => !gone.has(one.id))
  const pick = (ids: number[]) => ids.flatMap((id) => open.find((one) => one.id === id) ?? [])
  const ordered = [
    ...pick(first),
    ...open.filter((one) => !later.includes(one.id) && !first.includes(one.id)),
    ...pick(later),
  ]
  const current = useSides(run, ordered[0]?.id)
  useSides(run, ordered[1]?.id) // the next one is here before it is wanted
  const closed = current.data && !current.data.is_open ? current.data.id : undefined
  useEffect(() => {
    if (closed !== undefined) setGone((before) => new Set([...before, closed]))
  }, [closed])
  const isExhausted = list.data !== undefined && !ordered.length && list.data.next != null
  useEffect(() => {
    if (isExhausted && !list.isFetching) void list.refetch()
  }, [isExhausted, list])

  const sending = useRef<Promise<unknown>>(Promise.resolve())
  const act = (conflict: TwoSides, done: Act) => {
    setGone((before) => new Set([...before, conflict.id]))
    setFixed((before) => before + 1)
    setPast((before) => [...before, conflict.id])
    sending.current = sending.current
      .then(() => send(run, conflict.id, done))
      .then(
        () => client.invalidateQueries({ queryKey: ['sides', run] }), // a label that has changed may have closed others
        (error: Failure) => {
          setRefused((before) => [...before, { id: conflict.id, why: error.message }])
          setFixed((before) => before - 1)
          setPast((before) => before.filter((id) => id !== conflict.id))
          if (error.status !== 409) setGone((before) => new Set([...before].filter((id) => id !== conflict.id)))
        },
      )
  }
  const skip = (id: number) => {
    setFirst((before) => before.filter((one) => one !== id))
    setLater((before) => [...before.filter((one) => one !== id), id])
  }
  /** Back to the conflict that was decided last, once the server has it open again. */
  const undo = () => {
    const id = past.at(-1)
    if (id === undefined) return
    setPast((before) => before.slice(0, -1))
    sending.current = sending.current
      .then(() => takeBack(run, id))
      .then(
        async () => {
          client.removeQueries({ queryKey: ['sides', run, id] })
          await list.refetch()
          setFirst((before) => [id, ...before.filter((one) => one !== id)])
          setLater((before) => before.filter((one) => one !== id))
          setGone((before) => new Set([...before].filter((one) => one !== id)))
          setFixed((before) => before - 1)
        },
        (error: Failure) => setRefused((before) => [...before, { id, why: error.message }]),
      )
  }
  return {
    undo,
    mayUndo: past.length > 0,
    current: ordered[0] ? current.data : undefined,
    error: list.error ?? current.error,
    left: ordered.length,
    isMore: list.data?.next != null,
    isEmpty: list.data !== undefined && !ordered.length && list.data.next == null,
    fixed,
    refused,
    act,
    skip,
    forget: (id: number) => setRefused((before) => before.filter((one) => one.id !== id)),
  }
}

function useSides(run: number, id: number | undefined) {
  return useQuery({
    queryKey: ['sides', run, id],
    enabled: id !== undefined,
    queryFn: () =>
      take(
        api.GET('/v1/runs/{run_id}/conflicts/{conflict_id}', { params: { path: { run_id: run, conflict_id: id! } } }),
      ),
  })
}

function send(run: number, id: number, act: Act): Promise<unknown> {
  const params = { path: { run_id: run, conflict_id: id } }
  if (act.kind === 'dismiss')
    return take(api.POST('/v1/runs/{run_id}/conflicts/{conflict_id}/dismiss', { params, body: { comment: '' } }))
  if (act.kind === 'queue') return take(api.POST('/v1/runs/{run_id}/conflicts/{conflict_id}/queue', { params }))
  const { side, label, seconds } = act
  const body = { side, label, seconds, comment: '', client_token: crypto.randomUUID() }
  return take(api.POST('/v1/runs/{run_id}/conflicts/{conflict_id}/resolve', { params, body }))
}

function takeBack(run: number, id: number): Promise<unknown> {
  const params = { path: { run_id: run, conflict_id: id } }
  return take(
    api.POST('/v1/runs/{run_id}/conflicts/{conflict_id}/undo', { params, body: { client_token: crypto.randomUUID() } }),
  )
}
