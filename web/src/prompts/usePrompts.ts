import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { api, take, type KnownPrompt, type PromptIn } from '../lib/api'

const AFTER = 300

/** A value once it has not changed for a moment: what is asked of the server at each key would come too late anyhow. */
export function useSettled<T>(value: T): T {
  const key = JSON.stringify(value)
  const [settled, setSettled] = useState(key)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(key), AFTER)
    return () => clearTimeout(timer)
  }, [key])
  return JSON.parse(settled) as T
}

/** The prompts to begin with: those that ship, then those that the project has used. */
export function useKnownPrompts(project: string) {
  const params = { path: { project } }
  return useQuery({
    queryKey: ['prompts', project],
    queryFn: async () => (await take(api.GET('/v1/projects/{project}/prompts', { params }))).items,
  })
}

/** What the server makes of a prompt as it is written; `isCurrent`: it is about this very text. */
export function useChecked(project: string, body: PromptIn) {
  const asked = useSettled(body)
  const { data, error, isPlaceholderData } = useQuery({
    queryKey: ['prompt', project, asked],
    enabled: asked.text !== '',
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: () =>
      take(api.POST('/v1/projects/{project}/prompts/check', { params: { path: { project } }, body: asked })),
  })
  return { checked: data, error, isCurrent: asked.text === body.text && !isPlaceholderData && data !== undefined }
}

/** How a prompt is told from others of its name. */
export const short = (digest: string) => digest.slice(0, 8)

/** A prompt in a list: its name, its version, and who has used it. */
export function titled(prompt: KnownPrompt): string {
  const [run, trial] = [prompt.runs.at(-1), prompt.trials.at(-1)]
  const used = run ? `, run ${run}` : trial ? `, trial ${trial}` : ''
  return `${prompt.name} ${short(prompt.digest)}${prompt.ships ? ', ships' : ''}${used}`
}
