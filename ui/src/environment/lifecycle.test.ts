import { expect, test } from 'vitest'
import type { LifecyclePhase } from '../api/types'
import { columnsOf, needText, phaseText } from './lifecycle'

const phase = (name: string, after: string[], more: Partial<LifecyclePhase> = {}): LifecyclePhase => ({
  name,
  after,
  environments: [{ environment: name, state: null, until: null, promotion: null }],
  count: 1,
  optional: false,
  soak: 0,
  canBeLeftOut: false,
  done: null,
  letsIn: null,
  ...more,
})

const names = (phases: readonly LifecyclePhase[]) => columnsOf(phases).map((column) => column.map(({ name }) => name))

test('each phase stands behind all that it follows, and branches side by side', () => {
  expect(
    names([
      phase('prod', ['stage', 'load']),
      phase('dev', []),
      phase('stage', ['dev']),
      phase('load', ['dev']),
      phase('demo', []),
    ]),
  ).toEqual([['dev', 'demo'], ['stage', 'load'], ['prod']])
})

test('a circle, which the server refuses, ends', () => {
  expect(names([phase('a', ['b']), phase('b', ['a'])]).flat().toSorted()).toEqual(['a', 'b'])
})

test('what is said of a phase that something follows, and of the last', () => {
  const dev = phase('dev', [], { canBeLeftOut: true })
  const prod = phase('prod', ['dev'])
  expect(phaseText(dev, [dev, prod])).toBe('before what follows; a hotfix may leave it out')
  expect(phaseText(prod, [dev, prod])).toBe('follows dev')
})

test('what a phase needs', () => {
  const two = [...phase('x', []).environments, ...phase('y', []).environments]
  expect(needText(phase('dev', []))).toBe('before what follows')
  expect(needText(phase('load', [], { optional: true }))).toBe('optional')
  expect(needText(phase('stage', [], { environments: two, soak: 24 }))).toBe('1 of 2 before what follows, 24 h each')
  expect(needText(phase('stage', [], { environments: two, count: 2 }))).toBe('all 2 before what follows')
})
