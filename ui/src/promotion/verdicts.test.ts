import { expect, test } from 'vitest'
import type { Decision } from '../api/types'
import { chosenIn, inOrder, verdictLine, verdictsText } from './verdicts'

const gate = (name: string, state: Decision['outcome'], summary: string): Decision['gates'][number] => ({
  name,
  state,
  summary,
  reasons: [],
  unblocks: '',
  due: null,
})
const decision = (outcome: Decision['outcome'], ...gates: Decision['gates']) => ({ outcome, gates }) as Decision

test('the environments of an address are each named once', () => {
  expect(chosenIn(undefined)).toEqual([])
  expect(chosenIn('dev,stage,,dev')).toEqual(['dev', 'stage'])
})

test('they stand in the order in which a release goes', () => {
  const environments = [
    { name: 'dev', order: 0 },
    { name: 'stage', order: 1 },
  ]
  expect(inOrder(['moon', 'stage', 'dev'], environments)).toEqual(['dev', 'stage', 'moon'])
})

test('a verdict says what stands in the way, and how much more', () => {
  const order = gate('order', 'waiting', 'shop 2 is on its way to dev (this request)')
  expect(verdictLine(decision('pass', gate('policy', 'pass', 'fine')))).toMatch(/^It may go/)
  expect(verdictLine(decision('waiting', order))).toBe('shop 2 is on its way to dev (this request)')
  expect(verdictLine(decision('waiting', order, gate('approvals', 'waiting', '')))).toMatch(/And 1 more\.$/)
})

test('several verdicts are counted', () => {
  expect(verdictsText(['pass', 'waiting', 'blocked', 'unknown'])).toBe('1 may go, 1 would wait, 2 would be blocked.')
  expect(verdictsText(['waiting', 'waiting'])).toBe('All 2 would wait.')
  expect(verdictsText(['pass'])).toBe('1 may go.')
})
