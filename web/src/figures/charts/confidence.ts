import { areaY, dot, lineY, link, ruleX, ruleY, text } from '@observablehq/plot'
import { count, percent } from '../../lib/words'
import { COLOR, columns, FEWEST, type Calibration, type Drawing, type Risk } from '../drawing'
import { between, examplesOf } from '../examples'
import { many, points, share, withInterval } from '../words'
import { asShare, dotted, linesY, strong, titled } from './axes'

const frame = { marginLeft: 46, marginTop: 18, marginBottom: 46, marginRight: 18 } as const

/** How wrong what is accepted would be, against how much is: with the target, and where the run's own bar lies. */
export function risk(found: Risk, run: number): Drawing {
  const curve = found.points.map((one) => ({
    ...one,
    x: one.accepted.right / one.accepted.n,
    y: one.wrong.right / one.wrong.n,
  }))
  const now = found.threshold === null ? undefined : curve.filter((one) => one.confidence >= found.threshold!).at(-1)
  const target = found.at_most_wrong
  const top = Math.min(1, 1.15 * Math.max(0.04, target ?? 0, ...curve.map((one) => one.y), now?.wrong.high ?? 0))
  return {
    title: riskFinding(found, now),
    about: `Share wrong of the drafts that would be accepted at each bar, with 95% band; n = ${many(found.n, 'gold example')}, an honest sample if gold was chosen at random`,
    table: {
      columns: columns(
        ['From confidence', 'share'],
        ['Accepted', 'share'],
        ['Wrong', 'share'],
        ['Wrong, low', 'share'],
        ['Wrong, high', 'share'],
        ['n', 'count'],
      ),
      rows: curve.map((one) => [one.confidence, one.x, one.y, one.wrong.low, one.wrong.high, one.wrong.n]),
      hrefs: curve.map((one) => examplesOf(run, between(one.confidence, 1))),
    },
    ...(found.n >= FEWEST
      ? {}
      : {
          nothing: `${found.n ? `Only ${many(found.n, 'gold example')} so far` : 'No gold example is drafted yet'}: the curve is drawn from ${FEWEST} on.`,
        }),
    near: 'x',
    points: curve.map((one) => ({
      x: one.x,
      y: one.y,
      href: examplesOf(run, between(one.confidence, 1)),
      says: `From confidence ${share(one.confidence)} on\n${share(one.x)} accepted, ${withInterval(one.wrong)} of it wrong\n${many(one.wrong.n, 'gold example')}`,
    })),
    plot: () => ({
      height: 270,
      ...frame,
      x: { ...asShare, ...titled('Share accepted'), domain: [0, 1], ticks: 5 },
      y: { ...asShare, ticks: 4, domain: [0, top] },
      marks: [
        linesY(),
        areaY(curve, {
          x: 'x',
          y1: (one) => one.wrong.low,
          y2: (one) => Math.min(top, one.wrong.high),
          fill: COLOR.blue,
          fillOpacity: 0.17,
        }),
        lineY(curve, { x: 'x', y: 'y', stroke: COLOR.blue, strokeWidth: 2.2 }),
        ...(target === null
          ? []
          : [
              ruleY([target], { stroke: COLOR.ink, strokeDasharray: '5 4' }),
              text([target], {
                y: (one: number) => one,
                text: [`Target ${share(target)}`],
                frameAnchor: 'left',
                textAnchor: 'start',
                dx: 4,
                dy: -8,
                ...strong,
              }),
            ]),
        ...(now
          ? [
              ruleX([now], {
                x: 'x',
                y1: (one) => one.wrong.low,
                y2: (one) => Math.min(top, one.wrong.high),
                stroke: COLOR.teal,
                strokeWidth: 2,
              }),
              dot([now], { x: 'x', y: 'y', fill: COLOR.teal, ...dotted }),
              text([now], {
                x: 'x',
                y: 'y',
                text: [`Bar ${percent(found.threshold!)}`],
                dy: -12,
                dx: now.x > 0.6 ? -10 : 10,
                textAnchor: now.x > 0.6 ? 'end' : 'start',
                ...strong,
                stroke: COLOR.ground,
                strokeWidth: 4,
              }),
            ]
          : []),
      ],
    }),
  }
}

export function riskFinding(found: Risk, now: Risk['points'][number] | undefined): string {
  if (found.n < FEWEST) return 'How wrong it is to accept more'
  if (!now) {
    const within = found.points
      .filter((one) => found.at_most_wrong !== null && one.wrong.right / one.wrong.n <= found.at_most_wrong)
      .at(-1)
    return within
      ? `${share(within.accepted.right / within.accepted.n)} could be accepted within ${share(found.at_most_wrong!)} wrong`
      : `Accepting everything would leave ${share(found.points.at(-1)!.wrong.right / found.points.at(-1)!.wrong.n)} wrong`
  }
  const wrong = now.wrong.right / now.wrong.n
  const against =
    found.at_most_wrong === null
      ? ''
      : wrong <= found.at_most_wrong
        ? `, within the target of ${share(found.at_most_wrong)}`
        : `, over the target of ${share(found.at_most_wrong)}`
  return `At the bar in use, ${share(now.accepted.right / now.accepted.n)} are accepted and ${share(wrong)} of these are wrong${against}`
}

const SAMPLES = { gold: 'Gold', audits: 'Audits', sent: 'Sent to people' } as const
export type Sample = keyof typeof SAMPLES

/** The samples that have enough to draw, the honest ones first. */
export const samples = (found: Calibration | undefined) =>
  (Object.keys(SAMPLES) as Sample[])
    .filter((one) => found && found[one].n >= FEWEST)
    .map((one) => [one, SAMPLES[one]] as const)

/** How far confidence is to be believed, on one sample. */
export function reliability(found: Calibration, sample: Sample, run: number): Drawing {
  const { raw, n, basis } = found[sample]
  const bands = raw.bands.map((one) => ({ ...one, y: one.right.right / one.right.n }))
  return {
    title:
      n < FEWEST ? 'How far confidence is to be believed' : reliabilityFinding(bands, raw.error!, raw.low!, raw.high!),
    about: `Share right by stated confidence, with 95% interval; n = ${count(n)} ${basis}`,
    table: {
      columns: columns(
        ['From', 'share'],
        ['To', 'share'],
        ['Mean confidence', 'share'],
        ['Right', 'share'],
        ['Low', 'share'],
        ['High', 'share'],
        ['n', 'count'],
      ),
      rows: bands.map((one) => [
        one.low,
        one.high,
        one.mean_confidence,
        one.y,
        one.right.low,
        one.right.high,
        one.right.n,
      ]),
      hrefs: bands.map((one) => examplesOf(run, between(one.low, one.high))),
    },
    ...(n >= FEWEST
      ? {}
      : {
          nothing:
            'Too few drafts are known to be right or wrong yet, by gold, audits or people: from 30 on it shows whether confidence can be believed.',
        }),
    points: bands.map((one) => ({
      x: one.mean_confidence,
      y: one.y,
      href: examplesOf(run, between(one.low, one.high)),
      says: `Said ${share(one.mean_confidence)}, right ${share(one.y)}\n${share(one.right.low)} to ${share(one.right.high)}, n = ${count(one.right.n)}`,
    })),
    plot: () => ({
      height: 270,
      ...frame,
      r: { type: 'identity' },
      x: { ...asShare, ...titled('Stated confidence'), domain: [0, 1], ticks: 5 },
      y: { ...asShare, ticks: 5, domain: [0, 1] },
      marks: [
        linesY(5),
        link([0], { x1: 0, y1: 0, x2: 1, y2: 1, stroke: COLOR.grey, strokeDasharray: '4 4' }),
        text([0], { x: 0.08, y: 0.08, text: ['as it says'], dx: 8, dy: 10, textAnchor: 'start', fill: COLOR.grey }),
        ruleX(bands, {
          x: 'mean_confidence',
          y1: (one) => one.right.low,
          y2: (one) => one.right.high,
          stroke: COLOR.violet,
          strokeWidth: 1.6,
        }),
        dot(bands, {
          x: 'mean_confidence',
          y: 'y',
          r: (one) => 3 + 6 * Math.sqrt(one.right.n / n),
          fill: COLOR.violet,
          stroke: COLOR.ground,
          strokeWidth: 1.2,
        }),
      ],
    }),
  }
}

type Banded = { mean_confidence: number; right: { right: number; n: number } }

export function reliabilityFinding(bands: Banded[], error: number, low: number, high: number): string {
  const n = bands.reduce((sum, one) => sum + one.right.n, 0)
  const excess = bands.reduce((sum, one) => sum + one.mean_confidence * one.right.n - one.right.right, 0) / n
  if (error < 0.03) return `Confidence can be believed: it is ${points(error)} points off on average`
  const way = Math.abs(excess) < error / 2 ? 'off' : excess > 0 ? 'too high' : 'too low'
  return `Confidence is ${points(error)} points ${way} on average (${points(low)} to ${points(high)})`
}
