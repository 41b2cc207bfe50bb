import { barY, text } from '@observablehq/plot'
import { count, dollars } from '../../lib/words'
import { COLOR, columns, type Days, type Drawing } from '../drawing'
import { many, share } from '../words'
import { asShare, bare, linesY, strong } from './axes'

const OUTCOMES = [
  ['Accepted without review', 'accepted', COLOR.teal],
  ['Draft confirmed', 'confirmed', COLOR.blue],
  ['Draft corrected', 'corrected', COLOR.orange],
  ['Settled by several or a senior', 'several', COLOR.violet],
  ['Gold', 'gold', COLOR.grey],
] as const

type Day = Days['days'][number]
const split = (day: Day) => ({ ...day, several: day.consensus + day.adjudicated })
const sum = (days: Day[], key: 'settled' | 'accepted' | 'answers' | 'seconds') =>
  days.reduce((total, one) => total + one[key], 0)
const word = (day: string) =>
  new Date(`${day}T00:00Z`).toLocaleDateString('en-US', { day: 'numeric', month: 'short', timeZone: 'UTC' })
const ticks = (days: Day[], width: number) => {
  const step = Math.ceil(days.length / Math.max(1, Math.floor(width / 64)))
  return days.filter((_, at) => at % step === 0).map((one) => one.day)
}

/** How the labels of each day came to be. */
export function outcomes(found: Days): Drawing {
  const days = found.days.filter((one) => one.settled)
  const settled = sum(days, 'settled')
  const parts = days.flatMap((day) => {
    let y2 = 0
    return OUTCOMES.map(([, key, color]) => {
      const y1 = y2
      y2 += split(day)[key] / day.settled
      return { x: day.day, y1, y2, color }
    })
  })
  return {
    title: outcomesFinding(days),
    about: `Share of the labels settled on each day (UTC), by how they came to be; n = ${count(settled)}`,
    table: {
      columns: columns(
        'Day',
        ['Settled', 'count'],
        ['Accepted', 'count'],
        ['Confirmed', 'count'],
        ['Corrected', 'count'],
        ['Consensus', 'count'],
        ['Adjudicated', 'count'],
        ['Gold', 'count'],
      ),
      rows: found.days.map((one) => [
        one.day,
        one.settled,
        one.accepted,
        one.confirmed,
        one.corrected,
        one.consensus,
        one.adjudicated,
        one.gold,
      ]),
    },
    ...(settled ? {} : { nothing: 'Nothing is settled yet: here stands what became of the drafts once something is.' }),
    legend: OUTCOMES.filter(([, key]) => days.some((day) => split(day)[key])).map(([name, , color]) => [name, color]),
    near: 'x',
    points: days.map((one) => ({
      x: one.day,
      y: 1,
      says: [
        `${word(one.day)}: ${many(one.settled, 'label')}`,
        ...OUTCOMES.filter(([, key]) => split(one)[key]).map(
          ([name, key]) => `${name} ${share(split(one)[key] / one.settled)} (${count(split(one)[key])})`,
        ),
      ].join('\n'),
    })),
    plot: (width) => ({
      height: 240,
      marginLeft: 44,
      marginTop: 12,
      color: { type: 'identity' },
      x: { ...bare, type: 'band', padding: days.length < 4 ? 0.6 : 0.08, ticks: ticks(days, width), tickFormat: word },
      y: { ...asShare, ticks: 4, domain: [0, 1] },
      marks: [linesY(), barY(parts, { x: 'x', y1: 'y1', y2: 'y2', fill: 'color', insetBottom: 0.5 })],
    }),
  }
}

export function outcomesFinding(days: Day[]): string {
  const [settled, accepted] = [sum(days, 'settled'), sum(days, 'accepted')]
  if (!settled) return 'What happened to the drafts'
  const whole = `${share(accepted / settled)} of the labels needed no person`
  const last = days.at(-1)!
  return days.length < 2 ? whole : `${whole}; of those of ${word(last.day)}, ${share(last.accepted / last.settled)}`
}

/** How many answers people gave on each day, and how fast. */
export function throughput(found: Days): Drawing {
  const days = found.days.filter((one) => one.answers)
  const [answers, seconds] = [sum(days, 'answers'), sum(days, 'seconds')]
  return {
    title: answers ? throughputFinding(answers, seconds) : 'How much gets done',
    about: `Answers that people gave on each day (UTC); n = ${count(answers)}, in ${(seconds / 3600).toFixed(1)} hours before the page`,
    table: {
      columns: columns(
        'Day',
        ['Answers', 'count'],
        ['Hours', 'number'],
        ['Answers an hour', 'number'],
        ['Labels settled', 'count'],
        ['Model calls', 'count'],
        ['Dollars for models', 'dollars'],
      ),
      rows: found.days.map((one) => [
        one.day,
        one.answers,
        one.seconds / 3600,
        one.seconds ? (3600 * one.answers) / one.seconds : null,
        one.settled,
        one.calls,
        one.dollars,
      ]),
    },
    ...(answers ? {} : { nothing: 'Nobody has answered yet.' }),
    near: 'x',
    points: days.map((one) => ({
      x: one.day,
      y: one.answers,
      says: `${word(one.day)}: ${many(one.answers, 'answer')}\n${one.seconds ? `${count(Math.round((3600 * one.answers) / one.seconds))} an hour` : 'no time kept'}\n${dollars(one.dollars)} for models`,
    })),
    plot: (width) => ({
      height: 220,
      marginLeft: 44,
      marginTop: 22,
      x: { ...bare, type: 'band', padding: days.length < 4 ? 0.6 : 0.2, ticks: ticks(days, width), tickFormat: word },
      y: { ...bare, ticks: 4, tickFormat: count },
      marks: [
        linesY(),
        barY(days, { x: 'day', y: 'answers', fill: COLOR.blue }),
        ...(days.length < 9
          ? [text(days, { x: 'day', y: 'answers', text: (one: Day) => count(one.answers), dy: -8, ...strong })]
          : []),
      ],
    }),
  }
}

export const throughputFinding = (answers: number, seconds: number) =>
  seconds
    ? `A person answers ${count(Math.round((3600 * answers) / seconds))} examples in an hour`
    : `People have given ${many(answers, 'answer')}`
