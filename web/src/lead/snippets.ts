/** What a new field of each kind looks like in a schema: how it may be called, and its lines. */
const FIELDS: Record<string, [name: string, ...lines: string[]]> = {
  choice: [
    'category',
    'kind: choice',
    'description: What it is about',
    'options:',
    '  billing: Anything about money',
    '  delivery: Where a parcel is',
    '  other: Nothing of these',
  ],
  choices: ['topics', 'kind: choices', 'description: All that it speaks of', 'options: [price, speed, service]'],
  rating: ['quality', 'kind: rating', 'min: 1', 'max: 5', 'meanings: {1: useless, 5: excellent}'],
  boolean: ['urgent', 'kind: boolean', 'description: Does it need an answer today?'],
  number: ['amount', 'kind: number', 'min: 0', 'optional: true'],
  text: ['answer', 'kind: text', 'description: What one would answer', 'max_length: 2000'],
  spans: ['entities', 'kind: spans', 'options: [person, place, organisation]'],
  relations: ['facts', 'kind: relations', 'between: entities', 'options: [works_for, located_in]'],
  preference: ['better', 'kind: preference', 'description: Which response helps more?'],
  boxes: ['objects', 'kind: boxes', 'options: [car, person, sign]'],
}

export const FIELD_KINDS = Object.keys(FIELDS)
export const BEGINNING = withField('fields:\n', 'choice')

/** The schema's text with one more field of this kind, after those that it has. Relations bring the spans that they are between. */
export function withField(text: string, kind: string): string {
  const lines = text.trimEnd().split('\n')
  const at = lines.findIndex((line) => /^fields:\s*(#.*)?$/.test(line))
  if (at < 0) return withField(`${text.trimEnd()}\nfields:\n`.trimStart(), kind)
  if (kind === 'relations' && !text.includes('kind: spans')) return withField(withField(text, 'spans'), kind)
  const [usual, ...body] = FIELDS[kind]!
  const name = free(usual, lines)
  const spans = kind === 'relations' && /^\s+(\w+):\s*(?:#.*)?\n\s+kind: spans/m.exec(text)?.[1]
  const added = [`  ${name}:`, ...body.map((line) => `    ${spans ? line.replace('entities', spans) : line}`)]
  let end = at + 1
  while (end < lines.length && /^(\s|#|$)/.test(lines[end]!)) end += 1
  while (end > at + 1 && !lines[end - 1]!.trim()) end -= 1
  return [...lines.slice(0, end), ...added, ...lines.slice(end)].join('\n') + '\n'
}

function free(name: string, lines: string[]): string {
  const taken = new Set(lines.flatMap((line) => /^\s+(\w+):/.exec(line)?.[1] ?? []))
  if (!taken.has(name)) return name
  for (let number = 2; ; number += 1) if (!taken.has(`${name}_${number}`)) return `${name}_${number}`
}

/** Whether the guidelines stand in the text of the schema itself, or have to, as in JSON. */
export const holdsGuidelines = (text: string) => /^guidelines\s*:/m.test(text) || text.trimStart().startsWith('{')

/** The whole schema: the guidelines come last, so that the lines before them keep their numbers. */
export function joined(text: string, guidelines: string): string {
  if (!guidelines.trim() || holdsGuidelines(text)) return text
  return `${text.trimEnd()}\nguidelines: ${JSON.stringify(guidelines)}\n`
}

/** A name as the server takes it, from whatever was typed. */
export const slug = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '_')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 64)
