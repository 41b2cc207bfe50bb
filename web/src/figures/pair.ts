import type { Run } from '../lib/api'

export const WHATS = ['runs', 'models', 'prompts'] as const
export type What = (typeof WHATS)[number]
/** What is compared, as the address of the page has it. */
export type Asked = { what: What; project: string; first: string; second: string }

/** Read the address; of runs the project is that of the first. */
export function compared(query: string, runs: Run[]): Asked {
  const given = new URLSearchParams(query)
  const what = WHATS.find((one) => given.get(one) !== null) ?? 'runs'
  const [first = '', second = ''] = (given.get(what) ?? '').split(',').map((one) => one.trim())
  const mine = what === 'runs' ? runs.find((one) => String(one.id) === first)?.project : undefined
  return { what, project: mine ?? given.get('project') ?? runs[0]?.project ?? '', first, second }
}

export function shared({ what, project, first, second }: Asked): string {
  const said = new URLSearchParams({ [what]: `${first},${second}`, project })
  return said.toString().replaceAll('%2C', ',')
}
