import { dot, ruleX, ruleY } from '@observablehq/plot'
import { title } from '../../lib/words'
import { COLOR, columns, FEWEST, type Agreement, type Drawing, type Paces } from '../drawing'
import { many, seconds } from '../words'
import { bare, captions, dotted, linesX, ROW } from './axes'

const GOOD = 0.8
const FAIR = 0.667

/** How far people agree with each other, and the draft with them, field by field. */
export function agreement(found: Agreement): Drawing {
  const all = found.fields.flatMap((one) => [
    { name: `People, ${title(one.name)}`, color: COLOR.blue, statistic: one.statistic, ...one.people },
    { name: `Draft and a person, ${title(one.name)}`, color: COLOR.violet, statistic: one.statistic, ...one.model },
  ])
  const rows = all.filter((one) => one.value !== null && one.n)
  const ends = rows.flatMap((one) => [one.low ?? one.value!, one.high ?? one.value!])
  return {
    title: agreementFinding(all.find((one) => one.name.startsWith('People') && one.value !== null)),
    about: `Krippendorff’s α with 95% bootstrap interval, 1 is full agreement, 0 chance; n = ${many(found.examples, 'example')} with answers of two or more of ${many(found.people, 'person', 'people')}. Line at ${GOOD.toFixed(2)}`,
    table: {
      columns: columns('Who', 'Statistic', ['Value', 'number'], ['Low', 'number'], ['High', 'number'], ['n', 'count']),
      rows: all.map((one) => [one.name, one.statistic, one.value, one.low, one.high, one.n]),
    },
    ...(rows.length
      ? {}
      : {
          nothing: found.examples
            ? 'Nobody has differed yet, in anything: agreement beyond chance is not defined.'
            : 'No example has two people’s answers yet: agreement is known once a run asks two or more for each.',
        }),
    near: 'y',
    points: rows.map((one) => ({
      x: one.value!,
      y: one.name,
      says: `${one.name}\n${one.value!.toFixed(2)}${one.low === null ? '' : ` (${one.low.toFixed(2)} to ${one.high!.toFixed(2)})`}\n${many(one.n, 'example')}`,
    })),
    plot: () => ({
      height: 44 + (ROW + 6) * rows.length,
      marginLeft: 10,
      marginRight: 14,
      marginTop: 4,
      color: { type: 'identity' },
      x: { ...bare, domain: [Math.min(0.6, ...ends), 1], ticks: 5 },
      y: { axis: null, type: 'band', domain: rows.map((one) => one.name) },
      marks: [
        linesX(5),
        ruleX([GOOD], { stroke: COLOR.ink, strokeDasharray: '5 4' }),
        ...captions(rows, (one) => one.value!.toFixed(2)),
        ruleY(rows, {
          y: 'name',
          x1: (one) => one.low ?? one.value!,
          x2: (one) => one.high ?? one.value!,
          dy: 7,
          stroke: 'color',
          strokeWidth: 1.8,
        }),
        dot(rows, { y: 'name', x: 'value', dy: 7, fill: 'color', ...dotted }),
      ],
    }),
  }
}

type Coefficient = { value: number | null; low: number | null; high: number | null }

export function agreementFinding(people: Coefficient | undefined): string {
  if (!people || people.value === null) return 'How far people agree'
  const how =
    people.value >= GOOD
      ? 'People agree well'
      : people.value >= FAIR
        ? 'People agree fairly: labels are to be taken with care'
        : 'People agree too little for labels to be relied on'
  return `${how}: α ${people.value.toFixed(2)}${people.low === null ? '' : ` (${people.low.toFixed(2)} to ${people.high!.toFixed(2)})`}`
}

const OUTCOMES: Record<string, string> = {
  confirmed: 'Draft confirmed',
  corrected: 'Draft corrected',
  blind: 'No draft shown',
  skipped: 'Skipped',
  flagged: 'Flagged',
}

/** How long answers take, by what came of them. */
export function paces(found: Paces): Drawing {
  const all = found.paces.map((one) => ({ ...one, name: OUTCOMES[one.outcome] ?? title(one.outcome) }))
  const rows = all.filter((one) => one.median !== null)
  const n = all.reduce((sum, one) => sum + one.n, 0)
  return {
    title: pacesFinding(found.paces),
    about: `Median seconds for an answer with its 95% interval, over the middle half (pale); n = ${many(n, 'answer')}`,
    table: {
      columns: columns(
        'Answer',
        ['n', 'count'],
        ['Median', 'seconds'],
        ['Low', 'seconds'],
        ['High', 'seconds'],
        ['First quarter', 'seconds'],
        ['Third quarter', 'seconds'],
        ['In all', 'seconds'],
      ),
      rows: all.map((one) => [
        one.name,
        one.n,
        one.median,
        one.low,
        one.high,
        one.quarter,
        one.three_quarters,
        one.total_seconds,
      ]),
    },
    ...(n >= FEWEST
      ? {}
      : {
          nothing: n
            ? `Only ${many(n, 'answer')} so far: drawn from ${FEWEST} on.`
            : 'Nobody has answered yet: how long an answer takes is known once people do.',
        }),
    near: 'y',
    points: rows.map((one) => ({
      x: one.median!,
      y: one.name,
      says: `${one.name}\nmedian ${seconds(one.median!)} (${seconds(one.low!)} to ${seconds(one.high!)})\nhalf of ${many(one.n, 'answer')} within ${seconds(one.quarter!)} to ${seconds(one.three_quarters!)}`,
    })),
    plot: () => ({
      height: 44 + (ROW + 6) * rows.length,
      marginLeft: 10,
      marginRight: 20,
      marginTop: 4,
      x: {
        ...bare,
        domain: [0, 1.1 * Math.max(1, ...rows.map((one) => one.three_quarters!))],
        ticks: 5,
        tickFormat: (one: number) => `${one} s`,
      },
      y: { axis: null, type: 'band', domain: rows.map((one) => one.name) },
      marks: [
        linesX(5),
        ...captions(rows, (one) => seconds(one.median!)),
        ruleY(rows, {
          y: 'name',
          x1: 'quarter',
          x2: 'three_quarters',
          dy: 7,
          stroke: COLOR.blue,
          strokeOpacity: 0.25,
          strokeWidth: 9,
          strokeLinecap: 'round',
        }),
        ruleY(rows, { y: 'name', x1: 'low', x2: 'high', dy: 7, stroke: COLOR.blue, strokeWidth: 2 }),
        dot(rows, { y: 'name', x: 'median', dy: 7, fill: COLOR.blue, ...dotted }),
      ],
    }),
  }
}

export function pacesFinding(found: Paces['paces']): string {
  const median = (outcome: string) => found.find((one) => one.outcome === outcome)?.median ?? null
  const [confirmed, corrected, blind] = [median('confirmed'), median('corrected'), median('blind')]
  if (confirmed === null)
    return corrected === null ? 'How long an answer takes' : `A correction takes ${seconds(corrected)}`
  const other =
    corrected !== null
      ? `, a correction ${seconds(corrected)}`
      : blind !== null
        ? `, an answer without a draft ${seconds(blind)}`
        : ''
  return `A confirmation takes ${seconds(confirmed)}${other}`
}
