import { expect, test } from 'vitest'
import { accuracy, accuracyFinding, sampleOf } from './charts/accuracy'
import { confusion, confusionFinding, corrections, correctionsFinding } from './charts/changes'
import { inDollars } from './charts/axes'
import { byClass, together } from './charts/comparison'
import { reliabilityFinding, risk, riskFinding } from './charts/confidence'
import { cost, finding } from './charts/cost'
import { outcomesFinding, throughputFinding } from './charts/days'
import { alarmsFinding, spendFinding } from './charts/money'
import { agreement, agreementFinding, pacesFinding } from './charts/people'
import type { Comparison, Risk, Scores, Splits } from './drawing'
import { between, examplesOf, figuresOf } from './examples'
import { csv } from './files'
import { compared, shared } from './pair'
import { leadsTo, nearest } from './Plotted'
import { verdict } from './verdict'
import { against, ofFields, share } from './words'

const of = (right: number, n: number, low = 0, high = 1) => ({ right, n, low, high })
const split = (name: string, per: string | null) => ({
  name,
  settled: 10,
  unpriced: 0,
  reviews: 1,
  adjudications: 0,
  model_dollars: '0',
  review_dollars: '0',
  adjudication_dollars: '0',
  total_dollars: '1',
  per_example: per,
  model_per_example: per && '0.001',
  review_per_example: per,
  adjudication_per_example: per && '0',
})

test('a cost is said against that by hand', () => {
  expect(finding('run 5', 0.0124, 0.0378)).toBe('Run 5 labels an example for $0.012, 67% less than by hand')
  expect(finding('run 5', 0.2, 0.1, true)).toBe('Run 5 labels an example for at least $0.20, 100% more than by hand')
  expect(finding('small', 0.0124, null)).toBe('small labels an example for $0.012')
  expect([against(1, 1.001), against(9, 1)]).toEqual(['as much as', '9 times as much as'])
})

test('of many runs the one that is looked at is told of, and the last ten are drawn', () => {
  const splits = Array.from({ length: 14 }, (_, at) => split(`run ${at + 1}`, '0.02'))
  const found = cost({ by: 'run', hourly_rate: '20', splits } as Splits, 0.04, 'run 3')
  expect(found.title).toContain('Run 3')
  expect([found.points!.length, found.table.rows.length]).toEqual([10, 14])
  expect(found.table.hrefs![0]).toBe('/runs/1/figures')
  expect(found.legend!.map(([word]) => word)).toEqual(['Models', 'Review'])
  expect(cost({ by: 'run', hourly_rate: '20', splits: [split('run 1', null)] } as Splits, null).nothing).toContain(
    'Nothing is settled yet',
  )
})

test('what became of drafts is told over all, and of the last day where there are several', () => {
  const day = (day: string, accepted: number) => ({ day, accepted, settled: 10 }) as never
  expect(outcomesFinding([day('2026-11-03', 7)])).toBe('70% of the labels needed no person')
  expect(outcomesFinding([day('2026-11-03', 7), day('2026-11-04', 8)])).toBe(
    '75% of the labels needed no person; of those of Nov 4, 80%',
  )
  expect(throughputFinding(10, 36)).toBe('A person answers 1,000 examples in an hour')
})

test('the error at the bar in use is set against the target', () => {
  const point = { confidence: 0.8, accepted: of(71, 100), wrong: of(2, 100) }
  const found = { basis: '', n: 100, points: [point], accepted: of(7, 10), at_most_wrong: 0.05, threshold: 0.8 } as Risk
  expect(riskFinding(found, point)).toBe(
    'At the bar in use, 71% are accepted and 2% of these are wrong, within the target of 5%',
  )
  expect(riskFinding({ ...found, at_most_wrong: 0.01 }, point)).toContain('over the target of 1%')
  expect(riskFinding({ ...found, threshold: null }, undefined)).toBe('71% could be accepted within 5% wrong')
  const lower = { confidence: 0.81, accepted: of(60, 100), wrong: of(0, 100) }
  expect(
    risk(
      { ...found, points: [{ ...lower, confidence: 0.9, accepted: of(9, 100) }, lower, { ...point, confidence: 0.5 }] },
      1,
    ).title,
  ).toContain('60% are accepted')
  expect(risk({ ...found, n: 12 }, 1).nothing).toBe('Only 12 gold examples so far: the curve is drawn from 30 on.')
})

test('confidence is called too high, too low, off, or believable', () => {
  const band = (mean_confidence: number, right: number) => ({ mean_confidence, right: of(right, 100) })
  expect(reliabilityFinding([band(0.9, 80)], 0.1, 0.05, 0.15)).toBe(
    'Confidence is 10.0 points too high on average (5.0 to 15.0)',
  )
  expect(reliabilityFinding([band(0.7, 80)], 0.1, 0.05, 0.15)).toContain('too low')
  expect(reliabilityFinding([band(0.9, 80), band(0.6, 70)], 0.1, 0.05, 0.15)).toContain('points off')
  expect(reliabilityFinding([band(0.9, 89)], 0.01, 0, 0.02)).toContain('can be believed')
})

test('one drafter is called better only where the intervals are apart', () => {
  const [low, high] = [
    { name: 'Run 1', y: 0.8, of: of(80, 100, 0.71, 0.87) },
    { name: 'Run 2', y: 0.95, of: of(95, 100, 0.89, 0.98) },
  ]
  expect(accuracyFinding([low, high], { by: 'run' })).toBe(
    'Run 2’s drafts are right more often (95%) than Run 1’s drafts (80%)',
  )
  expect(accuracyFinding([low, { ...high, of: of(90, 100, 0.8, 0.98) }], { by: 'run' })).toContain(
    'No difference is sure yet',
  )
  expect(accuracyFinding([low, high], { by: 'class' })).toBe('Run 1 is right least often: 80% (71% to 87%)')
  const parts = Array.from({ length: 14 }, (_, at) => ({
    name: `f: c${at}`,
    drafted: 50,
    accuracy: of(at + 10, 40),
    audited: of(0, 0),
    accepted: of(0, 50),
    per_example: null,
  }))
  const worst = accuracy({ by: 'class', total: parts[0], parts } as unknown as Scores)
  expect([worst.points![0]!.y, worst.points!.at(-1)!.y, worst.points!.length]).toEqual(['C0', 'C11', 12])
  expect([sampleOf([{ audited: of(1, 30) }]), sampleOf([{ audited: of(1, 29) }])]).toEqual(['audited', 'accuracy'])
})

test('the correction and the confusion that come most often are named', () => {
  const scores = {
    corrections: [{ field: 'f', drafted: 'top_up', settled: 'refund', count: 23 }],
    total: { accuracy: of(1, 2) },
  } as unknown as Scores
  expect(correctionsFinding(scores)).toBe('“Top up” is most often changed to “Refund”: 23 times')
  expect(
    confusionFinding([
      { drafted: 'a', settled: 'b', times: 3, n: 10, y: 0.3 },
      { drafted: 'a', settled: 'a', times: 7, n: 10, y: 0.7 },
    ]),
  ).toBe('“A” is really “B” in 30% of its 10')
  expect(confusionFinding([{ drafted: 'a', settled: 'a', times: 7, n: 7, y: 1 }])).toBe('No class is taken for another')
})

test('marks of classes, confusions and corrections lead to the examples of the run that is named', () => {
  const part = {
    drafted: 40,
    failed: 0,
    accuracy: of(30, 40),
    audited: of(0, 0),
    accepted: of(0, 40),
    per_example: null,
  }
  const found = {
    by: 'class',
    total: part,
    parts: [{ ...part, name: 'f: top_up' }],
    confusions: [
      {
        field: 'f',
        classes: ['top_up', 'refund', '(other classes)'],
        counts: [
          [7, 3, 1],
          [0, 5, 0],
          [0, 0, 2],
        ],
      },
    ],
    corrections: [{ field: 'f', drafted: 'top_up', settled: 'refund', count: 3 }],
  } as unknown as Scores
  const hrefs = [accuracy(found, 7), corrections(found, 7), confusion(found, 'f', 7)].map((one) =>
    one.points!.map(({ href }) => href),
  )
  const [agreed, changed] = ['/examples?run=7&label=f%3Drefund', '/examples?run=7&corrected=yes&label=f%3Drefund']
  expect(hrefs[0]).toEqual(['/examples?run=7&label=f%3Dtop_up&place=settled'])
  expect(hrefs[1]).toEqual([changed])
  expect(hrefs[2]).toEqual([
    '/examples?run=7&label=f%3Dtop_up',
    '/examples?run=7&label=f%3Drefund&corrected=yes',
    undefined,
    agreed,
    undefined,
  ])
  expect([leadsTo(agreed), leadsTo('/runs/7/figures')]).toEqual(['the examples of run 7', 'its figures'])
  expect(accuracy(found).points![0]!.href).toBeUndefined()
})

test('a confusion is written into its cell where there is room', () => {
  const classes = Array.from({ length: 21 }, (_, at) => `class_${at}`)
  const counts = classes.map((_, row) => classes.map((_, column) => (row === column ? 9 : 0)))
  const found = {
    total: { accuracy: of(1, 2) },
    confusions: [{ field: 'f', classes, counts }],
    corrections: [],
  } as unknown as Scores
  const written = (width: number) =>
    (confusion(found, 'f').plot!(width).marks!.at(-1) as unknown as { data: unknown[] }).data.length
  expect([written(600), written(340)]).toEqual([21, 0])
})

test('classes are compared the second against the first, where there are enough examples', () => {
  const apart = (n: number, difference: number) => ({
    n,
    difference,
    low: difference - 0.05,
    high: difference + 0.05,
    first: of(1, n),
    second: of(1, n),
    only_first: 1,
    only_second: 4,
  })
  const found = {
    first: 'run 3',
    second: 'run 5',
    difference: { ...apart(100, -0.03), both: 90, neither: 5 },
    classes: [
      { name: 'f: top_up', difference: apart(60, -0.1) },
      { name: 'f: refund', difference: apart(29, 0.2) },
    ],
  } as unknown as Comparison
  const drawing = byClass(found, 5)
  expect([drawing.title, drawing.points!.length, drawing.table.rows.length]).toEqual([
    'A difference is sure in Top up',
    1,
    2,
  ])
  expect(drawing.points![0]).toMatchObject({ x: 0.1, href: '/examples?run=5&label=f%3Dtop_up&place=settled' })
  expect(drawing.points![0]!.says).toContain('+10.0 points (5.0 to 15.0)')
  expect(
    byClass({ ...found, classes: [{ name: 'f: top_up', difference: apart(60, 0.1) }] } as unknown as Comparison).title,
  ).toBe('A difference is sure in Top up')
  expect(
    byClass({ ...found, classes: [{ name: 'f: top_up', difference: apart(60, 0.01) }] } as unknown as Comparison).title,
  ).toBe('In no class is the difference sure')
  expect(drawing.table.rows[1]!.slice(0, 3)).toEqual(['f: refund', 29, -0.2])
  expect(together(found).title).toBe('They differ in 5% of the examples')
  expect(together(found).table.rows).toEqual([
    ['Both right', 90],
    ['Only run 3 right', 1],
    ['Only run 5 right', 4],
    ['Neither right', 5],
  ])
})

test('agreement, time, money and alarms are told in a sentence', () => {
  expect(agreementFinding({ value: 0.83, low: 0.8, high: 0.86 })).toBe('People agree well: α 0.83 (0.80 to 0.86)')
  expect(agreementFinding({ value: 0.5, low: null, high: null })).toContain('too little')
  const field = {
    name: 'topic',
    statistic: 'alpha, nominal',
    people: { value: 0.9, low: 0.8, high: 1, n: 4 },
    model: { value: 1, low: null, high: null, n: 0 },
  }
  expect(agreement({ examples: 4, people: 2, fields: [field] } as never).points!.map((one) => one.y)).toEqual([
    'People, Topic',
  ])
  expect(
    pacesFinding([
      { outcome: 'confirmed', median: 2.1 },
      { outcome: 'corrected', median: 6.5 },
    ] as never),
  ).toBe('A confirmation takes 2.1 s, a correction 6.5 s')
  expect(spendFinding({ spent: '12.3', cap: '50' })).toBe('$12.30 of at most $50.00 spent, 24.6%')
  expect([alarmsFinding(0, 0), alarmsFinding(2, 1), alarmsFinding(1, 0)]).toEqual([
    'Nothing is wrong',
    '1 of 2 alarms nobody has seen to yet',
    'All is seen to',
  ])
})

test('a verdict says who is better, how sure that is, and what it costs', () => {
  const difference = { n: 100, difference: -0.021, low: -0.038, high: -0.004 }
  const cost = { difference: '0.002', low: null, high: null }
  const found = { first: 'run 3', second: 'run 5', difference, cost } as never
  expect(verdict(found)).toBe(
    'Run 5 is right 2.1 points more often than run 3 (0.4 to 3.8), and run 5 costs $0.002 less per example',
  )
  const unsure = {
    first: 'run 3',
    second: 'run 5',
    difference: { ...difference, high: 0.01 },
    cost: { ...cost, difference: null },
  } as never
  expect(verdict(unsure)).toBe('Run 5 and run 3 cannot be told apart: 2.1 points of difference (−1.0 to 3.8)')
  expect(verdict({ first: 'a', second: 'b', difference: { ...difference, n: 0 }, cost } as never)).toContain(
    'no example in common',
  )
})

test('a table becomes CSV with exact figures, quoted words and no formulas', () => {
  const table = {
    columns: [
      { name: 'Of', kind: 'text' as const },
      { name: 'Right', kind: 'share' as const },
    ],
    rows: [
      ['=1+1', 0.123456789],
      ['a, "b"', null],
      ['-3', -3],
    ],
  }
  expect(csv(table)).toBe('Of,Right\r\n\'=1+1,0.123456789\r\n"a, ""b""",\r\n-3,-3\r\n')
})

test('addresses lead to the examples behind a mark', () => {
  expect(examplesOf(3, { corrected: 'yes', label: 'topic=a', text: '' })).toBe(
    '/examples?run=3&corrected=yes&label=topic%3Da',
  )
  expect([examplesOf(undefined, {}), figuresOf('run 5'), figuresOf('7'), figuresOf('small')]).toEqual([
    undefined,
    '/runs/5/figures',
    '/runs/7/figures',
    undefined,
  ])
  expect(between(0.7, 1)).toEqual({ from: '70', to: '100' })
})

test('what is compared is read from the address and written to it', () => {
  const runs = [{ id: 5, project: 'p' }] as never
  expect(compared('runs=5,3', runs)).toEqual({ what: 'runs', project: 'p', first: '5', second: '3' })
  expect(shared(compared('models=a/b,c&project=q', runs))).toBe('models=a%2Fb,c&project=q')
  expect(compared('runs=5,3&project=q', runs).project).toBe('p')
  expect(compared('', runs)).toEqual({ what: 'runs', project: 'p', first: '', second: '' })
})

test('money on an axis has as many decimals as its finest tick, and a class its field where there are several', () => {
  const ticks = [0, 0.005, 0.01]
  expect(ticks.map((sum, at) => inDollars(sum, at, ticks))).toEqual(['$0.000', '$0.005', '$0.010'])
  expect(inDollars(20, 0, [0, 20])).toBe('$20.00')
  expect([ofFields(['f: top_up', 'f: b'])('f: top_up'), ofFields(['f: top_up', 'g: b'])('f: top_up')]).toEqual([
    'Top up',
    'F: Top up',
  ])
})

test('the pointer finds the nearest mark within reach, or along one axis', () => {
  const places = [
    { left: 0, top: 0 },
    { left: 100, top: 0 },
  ]
  expect([nearest(places, 90, 10, 'both'), nearest(places, 50, 60, 'both'), nearest(places, 80, 500, 'x')]).toEqual([
    1,
    null,
    1,
  ])
  expect([share(0.931), share(0.5)]).toEqual(['93.1%', '50%'])
})
