import { createContext, useContext, useEffect, useRef, useState, useSyncExternalStore, type ReactNode } from 'react'

/** One table of commands drives the key handler, the key caps on buttons and the sheet of keys. */
export type Command = {
  id: string
  keys: string[] // 'Enter', 'Mod+Enter', 'Shift+1', '?'
  title: string
  group?: string
  inField?: boolean // also while typing
  repeat?: boolean // also while the key is held down
  hidden?: boolean // left out of the sheet
  enabled?: boolean
  goesFirst?: boolean // before those of the page around it
  run: (event: KeyboardEvent) => void
}

type Registry = {
  set: (owner: symbol, commands: Command[]) => void
  drop: (owner: symbol) => void
  all: () => Command[]
}
type Key = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'> & {
  getModifierState?: (key: string) => boolean
}

const Registered = createContext<Registry | null>(null)
const isMac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform)

/** The name of a key press: letters and signs by what they print, so that mnemonics hold on every layout; the row of digits by its
 *  place (AZERTY prints & for 1), but for the signs "?" and "/", which are commands of their own (QWERTZ: shift and 7 is /). */
export function chord(event: Key, mac = isMac): string {
  const altGr = event.getModifierState?.('AltGraph') ?? false
  const parts: string[] = []
  if (mac ? event.metaKey : event.ctrlKey && !altGr) parts.push('Mod')
  if (event.altKey && !altGr) parts.push('Alt')
  if (event.key === '?' || event.key === '/') return [...parts, event.key].join('+')
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1]
  const letter = event.key.length === 1 && event.key.toLowerCase() !== event.key.toUpperCase()
  if (event.shiftKey && (digit || letter || event.key.length > 1)) parts.push('Shift')
  parts.push(digit ?? (event.key.length === 1 ? event.key.toLowerCase() : event.key))
  return parts.join('+')
}

export const isField = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'range'].includes(target.type)))

/** The command that ran last, for the short flash of its button; outside of React's state, so that a key press draws little anew. */
const pulse = {
  id: null as string | null,
  heard: new Set<() => void>(),
  set(id: string | null) {
    this.id = id
    for (const tell of this.heard) tell()
  },
}
const hearPulse = (tell: () => void) => {
  pulse.heard.add(tell)
  return () => {
    pulse.heard.delete(tell)
  }
}

/** Enter and Space belong to a control that was reached with Tab. */
const isForControl = (event: KeyboardEvent) =>
  (event.key === 'Enter' || event.key === ' ') &&
  event.target instanceof Element &&
  event.target.matches('button:focus-visible, a:focus-visible, summary:focus-visible, [role="radio"]:focus-visible')

export function CommandProvider({ children }: { children: ReactNode }) {
  const [registry] = useState<Registry>(() => {
    const owners = new Map<symbol, Command[]>()
    return {
      set: (owner, commands) => {
        owners.set(owner, commands)
      },
      drop: (owner) => {
        owners.delete(owner)
      },
      all: () => {
        const found = [...owners.values()].reverse().flat()
        return [...found.filter((command) => command.goesFirst), ...found.filter((command) => !command.goesFirst)]
      },
    }
  })
  useEffect(() => {
    let ending: ReturnType<typeof setTimeout>
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return
      if (document.querySelector('[role="dialog"][aria-modal="true"]') || isForControl(event)) return
      const pressed = chord(event),
        typing = isField(event.target)
      for (const command of registry.all()) {
        if (command.enabled === false || !command.keys.includes(pressed) || (typing && !command.inField)) continue
        event.preventDefault()
        if (event.repeat && !command.repeat) return
        command.run(event)
        clearTimeout(ending)
        ending = setTimeout(() => pulse.set(null), 140)
        requestAnimationFrame(() => pulse.set(command.id))
        return
      }
    }
    // After a click with the mouse a button would keep the next Enter for itself.
    const onClick = (event: MouseEvent) => {
      if (event.detail > 0) (event.target as Element).closest<HTMLElement>('button')?.blur()
    }
    addEventListener('keydown', onKey)
    addEventListener('click', onClick)
    return () => {
      removeEventListener('keydown', onKey)
      removeEventListener('click', onClick)
      clearTimeout(ending)
    }
  }, [registry])
  return <Registered.Provider value={registry}>{children}</Registered.Provider>
}

/** Commands that live as long as the component. */
export function useCommands(commands: Command[]) {
  const registry = useContext(Registered)!
  const owner = useRef<symbol>(undefined as never)
  owner.current ??= Symbol('commands')
  useEffect(() => {
    registry.set(owner.current, commands)
  })
  useEffect(() => () => registry.drop(owner.current), [registry])
}

export const useCommandList = () => useContext(Registered)!.all
export const usePulse = () => useSyncExternalStore(hearPulse, () => pulse.id)

const GLYPHS: Record<string, string> = {
  Enter: '↵',
  Backspace: '⌫',
  Delete: 'Del',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  Tab: 'Tab',
  Mod: isMac ? '⌘' : 'Ctrl',
  Shift: '⇧',
  Alt: isMac ? '⌥' : 'Alt',
  ' ': 'Space',
}

export function Kbd({ k }: { k: string }) {
  return (
    <span className="kbd-row" aria-hidden="true">
      {k.split('+').map((part) => (
        <kbd key={part} className="kbd">
          {GLYPHS[part] ?? part.toUpperCase()}
        </kbd>
      ))}
    </span>
  )
}
