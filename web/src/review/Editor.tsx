import { useLayoutEffect, useState, type ReactNode } from 'react'
import { isField, Kbd, useCommands, usePulse } from '../lib/commands'
import { title } from '../lib/words'
import { Body } from './Body'
import { Case } from './Case'
import { Guidelines } from './Guidelines'
import type { ReviewQueue, Shown } from './queue'
import { useAnswer, type Answer } from './useAnswer'
import { Why } from './Why'

type Props = { queue: ReviewQueue; shown: Shown; forSenior: boolean; foot: ReactNode }

/** The example and its form. */
export function Editor({ queue, shown, forSenior, foot }: Props) {
  const { work, form } = shown
  const answer = useAnswer(queue, shown)
  const [areGuidelinesOpen, setGuidelinesOpen] = useState(false),
    [isWhyOpen, setWhyOpen] = useState(false)
  useLayoutEffect(() => {
    // Keys are commands again, whatever was typed into for the example before.
    if (isField(document.activeElement)) (document.activeElement as HTMLElement).blur()
  }, [answer.turn])
  const hasGuidelines =
    !!form.guidelines || form.fields.some((field) => field.options.some((option) => option.description))
  const move = (by: number) => {
    const names = answer.asked.map((field) => field.name)
    answer.activate(names[(names.indexOf(answer.active) + by + names.length) % names.length] ?? answer.active)
  }
  useCommands([
    { id: 'accept', keys: ['Enter', 'a'], title: 'Accept what is shown', group: 'Label', run: () => answer.submit() },
    {
      id: 'send',
      keys: ['Mod+Enter'],
      title: 'The same, also while you type',
      group: 'Label',
      inField: true,
      run: () => answer.submit(),
    },
    {
      id: 'next',
      keys: ['j', 'ArrowDown'],
      title: 'Next field',
      group: 'Label',
      enabled: answer.asked.length > 1,
      run: () => move(1),
    },
    {
      id: 'before',
      keys: ['k', 'ArrowUp'],
      title: 'Field before',
      group: 'Label',
      enabled: answer.asked.length > 1,
      run: () => move(-1),
    },
    {
      id: 'why',
      keys: ['w'],
      title: 'Why this draft',
      group: 'Queue',
      enabled: work.draft !== null,
      run: () => setWhyOpen((is) => !is),
    },
    {
      id: 'guide',
      keys: ['g'],
      title: 'Guidelines',
      group: 'Queue',
      enabled: hasGuidelines,
      run: () => setGuidelinesOpen((is) => !is),
    },
  ])
  return (
    <>
      <Body work={work} form={form} answer={answer}>
        <div className="helps">
          {work.draft && <Help word="Why this draft" k="W" isOpen={isWhyOpen} toggle={() => setWhyOpen((is) => !is)} />}
          {hasGuidelines && (
            <Help word="Guidelines" k="G" isOpen={areGuidelinesOpen} toggle={() => setGuidelinesOpen((is) => !is)} />
          )}
        </div>
        {isWhyOpen && <Why work={work} form={form} />}
        {areGuidelinesOpen && <Guidelines form={form} label={answer.label} />}
        {forSenior && (
          <Case slotId={work.slot_id} form={form} content={work.content} take={(label) => answer.submit(label)} />
        )}
      </Body>
      <footer className="foot">
        <Primary answer={answer} hasDraft={work.draft !== null} />
        {foot}
      </footer>
    </>
  )
}

function Help({ word, k, isOpen, toggle }: { word: string; k: string; isOpen: boolean; toggle: () => void }) {
  return (
    <button className="why" aria-expanded={isOpen} onClick={toggle}>
      <Kbd k={k} />
      {word}
    </button>
  )
}

function Primary({ answer, hasDraft }: { answer: Answer; hasDraft: boolean }) {
  const pulse = usePulse()
  const lacks = answer.lacking[0]
  const word = lacks
    ? `Choose ${title(lacks).toLowerCase()}`
    : answer.isDraft
      ? 'Accept draft'
      : hasDraft
        ? 'Save correction'
        : 'Save label'
  return (
    <button
      className={`btn primary ${pulse === 'accept' ? 'pulse' : ''}`}
      onClick={() => answer.submit()}
      disabled={!!lacks}
      data-testid="primary"
    >
      {word}
      <Kbd k="Enter" />
    </button>
  )
}
