import { describe, expect, it } from 'vitest'
import type { RunStep } from '../api/types'
import { askedOf, linesOf, lookOfStep, progressOf, sectionsOf, waitsFor } from './steps'
import { FOR_A_PERSON, whyNotAgain } from './states'

const node = (step: string, more: Partial<RunStep> = {}): RunStep => ({
  key: step,
  step,
  uses: 'wait',
  section: 'steps',
  item: null,
  itemValue: null,
  purpose: 'run',
  state: 'queued',
  needs: [],
  attempts: 0,
  inputs: null,
  outputs: {},
  summary: '',
  code: '',
  message: '',
  waitsFor: '',
  lookAt: null,
  deadlineAt: null,
  startedAt: null,
  endedAt: null,
  asked: null,
  ...more,
})
const asked = (whyNot: string | null) => ({
  asked: { actions: ['approve', 'reject'], message: '', by: ['ann'], form: {}, whyNot, claimedBy: null },
})

describe('the steps of a run', () => {
  const nodes = [
    node('each', { state: 'running' }),
    node('tell', { section: 'finally', needs: [] }),
    node('each', { key: 'each[0]', item: 0, endedAt: '2030-01-01T00:00:00Z' }),
    node('each', { key: 'each[1]', item: 1 }),
    node('each', { key: 'each (undo)', purpose: 'undo' }),
  ]

  it('hold their items and how they were taken back', () => {
    const [each, tell] = linesOf(nodes)
    expect(each?.items.map(({ key }) => key)).toEqual(['each[0]', 'each[1]'])
    expect(each?.undo.map(({ key }) => key)).toEqual(['each (undo)'])
    expect(each && progressOf(each)).toBe('1 of 2 done')
    expect(tell && progressOf(tell)).toBe('')
  })

  it('stand in two sections', () => {
    expect(sectionsOf(linesOf(nodes)).map((section) => section.map(({ id }) => id))).toEqual([['each'], ['tell']])
  })

  it('look like what they wait for', () => {
    expect(lookOfStep(node('a', { state: 'waiting', waitsFor: 'person:' }))).toBe(FOR_A_PERSON)
    expect(lookOfStep(node('a', { state: 'waiting', waitsFor: 'time:2030' })).word).toBe('Waiting')
    expect(lookOfStep(node('a', { state: 'dreaming' })).word).toBe('dreaming')
  })

  it.each([
    ['', undefined],
    ['person:', { what: 'a person', id: '' }],
    ['promotion:prm_1', { what: 'the promotion', id: 'prm_1' }],
    ['time:2030-01-01T00:00:00Z', { what: 'a time', id: '2030-01-01T00:00:00Z' }],
    ['moon', { what: 'moon', id: '' }],
  ])('say what ends their waiting: %s', (text, found) => {
    expect(waitsFor(text)).toEqual(found)
  })

  it('that this reader may answer come first', () => {
    const found = askedOf([node('a'), node('b', asked('it asks for ann')), node('c', asked(null))])
    expect(found.map(({ key }) => key)).toEqual(['c', 'b'])
  })
})

it('only what broke is run again without naming a step', () => {
  expect(whyNotAgain({ isOver: false, state: 'running' })).toBeDefined()
  expect(whyNotAgain({ isOver: true, state: 'succeeded' })).toBeDefined()
  expect(whyNotAgain({ isOver: true, state: 'failed' })).toBeUndefined()
})
