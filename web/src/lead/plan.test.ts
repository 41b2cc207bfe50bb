import { describe, expect, it } from 'vitest'
import { BEGIN, begunWith, lacks, planOf } from './plan'

describe('the run that is asked for', () => {
  it('is by the student, free and without a cap', () => {
    expect(planOf(BEGIN)).toEqual({
      model: 'student',
      confidence: 'stated',
      lane: 'live',
      policy: { rule: 'threshold', threshold: 0.9, audit_share: 0.05, reviewers: 1, gold_share: 0 },
    })
  })
  it('asks the student first, then the model, under a cap', () => {
    expect(planOf({ ...BEGIN, drafter: 'model', model: ' openai/gpt-4o ', isStudentFirst: true })).toMatchObject({
      steps: [{ model: 'student' }, { model: 'openai/gpt-4o', confidence: 'stated' }],
      cap: '5',
    })
  })
  it('promises nothing of a threshold under a guarantee', () => {
    expect(planOf({ ...BEGIN, rule: 'guarantee', epsilon: '2.5' }).policy).toEqual({
      rule: 'guarantee',
      epsilon: 0.025,
      reviewers: 1,
      gold_share: 0,
    })
  })
  it('begins with a prompt that was tried out', () => {
    expect(planOf(begunWith('prompt=3fa9c1&model=openai%2Fgpt-4o'))).toMatchObject({
      model: 'openai/gpt-4o',
      prompt: '3fa9c1',
    })
    expect(begunWith('')).toBe(BEGIN)
  })
  it('says what it lacks', () => {
    expect(lacks(BEGIN)).toBe('')
    expect(lacks({ ...BEGIN, drafter: 'model' })).toBe('Name a model.')
    expect(lacks({ ...BEGIN, threshold: 'high' })).toBe('Fill in every number.')
  })
})
