import { IconBook2 } from '@tabler/icons-react'
import { useLayoutEffect, useState, type ReactNode } from 'react'
import { isField, Kbd, useCommands, usePulse } from '../lib/commands'
import { title } from '../lib/words'
import { Body } from './Body'
import { Case } from './Case'
import type { ReviewQueue, Shown } from './queue'
import { useAnswer, type Answer } from './useAnswer'

type Props = { queue: ReviewQueue; shown: Shown; forSenior: boolean; foot: ReactNode }

/** The example and its form. */
export function Editor({ queue, shown, forSenior, foot }: Props) {
  const { work, form } = shown
  const answer = useAnswer(queue, shown)
  const [areGuidelinesOpen, setGuidelinesOpen] = useState(false)
  useLayoutEffect(() => {
    // Keys are commands again, whatever was typed into for the example before.
    if (isField(document.activeElement)) (document.activeElement as HTMLElement).blur()
  }, [answer.turn])
  const move = (by: number) => {
    const names = answer.asked.map((field) => field.name)
    answer.activate(names[(names.indexOf(answer.active) + by + names.length) % names.length] ?? answer.active)
  }
  useCommands([
    { id: 'accept', keys: ['Enter', 'a'], title: 'Accept what is shown', group: 'Label', run: () => answer.submit() },
    { id: 'send', keys: ['Mod+Enter'], title: 'The same, also while you type', group: 'Label', inField: true, run: () => answer.submit() },
    { id: 'next', keys: ['j', 'ArrowDown'], title: 'Next field', group: 'Label', enabled: answer.asked.length > 1, run: () => move(1) },
    { id: 'before', keys: ['k', 'ArrowUp'], title: 'Field before', group: 'Label', enabled: answer.asked.length > 1, run: () => move(-1) },
    { id: 'guide', keys: ['g'], title: 'Guidelines', group: 'Queue', enabled: !!form.guidelines, run: () => setGuidelinesOpen((is) => !is) },
  ])
  return (
    <>
      <Body work={work} form={form} answer={answer}>
        {areGuidelinesOpen && <div className="note"><IconBook2 size={18} stroke={1.7} /><div className="guidelines">{form.guidelines}</div></div>}
        {forSenior && <Case slotId={work.slot_id} form={form} take={(label) => answer.submit(label)} />}
      </Body>
      <footer className="foot"><Primary answer={answer} hasDraft={work.draft !== null} />{foot}</footer>
    </>
  )
}

function Primary({ answer, hasDraft }: { answer: Answer; hasDraft: boolean }) {
  const pulse = usePulse()
  const lacks = answer.lacking[0]
  const word = lacks ? `Choose ${title(lacks).toLowerCase()}` : answer.isDraft ? 'Accept draft' : hasDraft ? 'Save correction' : 'Save label'
  return (
    <button className={`btn primary ${pulse === 'accept' ? 'pulse' : ''}`} onClick={() => answer.submit()} disabled={!!lacks} data-testid="primary">
      {word}<Kbd k="Enter" />
    </button>
  )
}
