import { useState } from 'react'
import { Kbd, useCommands } from '../lib/commands'
import { Text } from '../review/Content'
import { Pick } from './Pick'
import { Steps } from './steps'
import type { FieldProps, KindView } from './view'

type Settings = { a: string; b: string; prompt: string; tie: boolean; strength: number | null }
type Value = string | { preferred: string; strength: number }

const sideOf = (value: unknown) =>
  typeof value === 'object' && value ? (value as { preferred: string }).preferred : (value as string | null)
const NAMES: Record<string, string> = { A: 'A is better', B: 'B is better', tie: 'Equally good' }

function spoken(value: unknown): string {
  const strength = typeof value === 'object' && value ? (value as { strength: number }).strength : 0
  return (NAMES[sideOf(value) ?? ''] ?? '') + (strength ? `, by ${strength}` : '')
}

/** Both responses beside each other, under what they answer. */
function Stage({ field, content, value, draft }: FieldProps) {
  const { a, b, prompt } = field.settings as Settings
  const side = sideOf(value),
    drafted = draft === undefined ? undefined : sideOf(draft)
  return (
    <div className="wide">
      {content[prompt] !== undefined && prompt !== a && prompt !== b && (
        <div className="prompt">
          <b>{prompt}</b>
          <Text text={String(content[prompt])} />
        </div>
      )}
      <div className="pairs">
        {(
          [
            ['A', a],
            ['B', b],
          ] as const
        ).map(([name, source]) => (
          <section
            key={name}
            className={`card resp ${side === name ? (drafted === name ? 'dr' : 'on') : ''}`}
            aria-label={`Response ${name}`}
          >
            <header>
              <Kbd k={name === 'A' ? '1' : '2'} />
              {name}
            </header>
            <Text text={String(content[source] ?? '')} />
          </section>
        ))}
      </div>
    </div>
  )
}

function Panel({ field, turn, value, draft, alternatives, isActive, isAlone, set, finish }: FieldProps) {
  const { tie, strength } = field.settings as Settings
  const [picking, setPicking] = useState<{ turn: number; side: string } | null>(null)
  const side = picking?.turn === turn ? picking.side : null
  const choose = (picked: unknown) => {
    if (!strength) return finish(picked as Value)
    if (picked === 'tie') return finish({ preferred: 'tie', strength: 0 })
    setPicking({ turn, side: picked as string })
    set(null)
  }
  const sides = ['A', 'B', ...(tie ? ['tie'] : [])].map((one, index) => ({
    key: String(index + 1),
    value: one,
    name: NAMES[one]!,
    share: alternatives[one],
  }))
  const by = Array.from({ length: strength ?? 0 }, (_, index) => ({
    key: String(index + 1),
    value: index + 1,
    name: `By ${index + 1} of ${strength}`,
  }))
  useCommands([
    {
      id: 'side',
      keys: ['Escape'],
      title: 'Choose the side again',
      hidden: true,
      enabled: !!side,
      run: () => setPicking(null),
    },
  ])
  return (
    <>
      <Pick
        isSmall={!isAlone}
        value={value}
        draft={draft}
        share={alternatives[sideOf(value) ?? '']}
        text={spoken(value)}
      />
      {side ? (
        <>
          <p className="h">{NAMES[side]}: by how much?</p>
          <Steps
            name="strength"
            steps={by}
            isActive={isActive}
            isChosen={() => false}
            pick={(one) => finish({ preferred: side, strength: one as number })}
            title="By how much"
          />
        </>
      ) : (
        <Steps
          name={field.name}
          steps={sides}
          isActive={isActive}
          isChosen={(one) => one === sideOf(value)}
          pick={choose}
          title="Which one is better"
        />
      )}
    </>
  )
}

export const preference: KindView = {
  Panel,
  Stage,
  summary: spoken,
  covers: (field) => {
    const { a, b, prompt } = field.settings as Settings
    return [a, b, prompt]
  },
}
