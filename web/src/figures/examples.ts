/** Addresses in the examples browser, for what is behind a mark. */
export function examplesOf(run: number | undefined, asked: Record<string, string>): string | undefined {
  if (!run) return undefined
  const said = new URLSearchParams({ run: String(run) })
  for (const [name, value] of Object.entries(asked)) if (value) said.set(name, value)
  return `/examples?${said.toString()}`
}

/** Confidence from one share to another, as the filter takes it: in percent. */
export const between = (low: number, high: number) => ({
  from: String(+(100 * low).toFixed(4)),
  to: String(+(100 * high).toFixed(4)),
})

/** "run 5" -> the figures of run 5. */
export function figuresOf(name: string): string | undefined {
  const found = /^(?:run )?(\d+)$/.exec(name)
  return found ? `/runs/${found[1]}/figures` : undefined
}
