import { useEffect, useRef } from 'react'

const AGAIN_AFTER = 5_000

/** Follow a stream of the server (docs/events.md): `heard` gets each state. Only while the page is in sight, as a browser has few
 *  connections to one server. Returns how to stop. */
export function follow<State>(path: string, event: string, heard: (state: State) => void): () => void {
  let source: EventSource | undefined
  let again: ReturnType<typeof setTimeout> | undefined
  const close = () => {
    clearTimeout(again)
    source?.close()
    source = undefined
  }
  const open = () => {
    close()
    if (document.hidden) return
    source = new EventSource(path)
    source.addEventListener(event, (said) => heard(JSON.parse((said as MessageEvent<string>).data) as State))
    // The browser comes again by itself after a break, but not after a refusal.
    source.addEventListener('error', () => {
      if (source?.readyState === EventSource.CLOSED) again = setTimeout(open, AGAIN_AFTER)
    })
  }
  open()
  document.addEventListener('visibilitychange', open)
  return () => {
    document.removeEventListener('visibilitychange', open)
    close()
  }
}

/** The same while the component is there; `path` null: nothing is followed. */
export function useFollowed<State>(path: string | null, event: string, heard: (state: State) => void) {
  const latest = useRef(heard)
  latest.current = heard
  useEffect(() => (path ? follow<State>(path, event, (state) => latest.current(state)) : undefined), [path, event])
}
