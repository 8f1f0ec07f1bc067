import { describe, expect, test } from 'vitest'
import type { Gate, GateState, Reason } from '../api/types'
import { gateLine, gateWord, inTheWayFirst, isRepeated, verdictText, worstFirst } from './gates'

const reason = (outcome: GateState, more: Partial<Reason> = {}): Reason => ({
  rule: 'known-exploited',
  outcome,
  message: 'worker has no finished scan',
  component: null,
  finding: null,
  fix: '',
  who: null,
  ...more,
})

const gate = (state: Gate['state'], more: Partial<Gate> = {}): Gate => ({
  name: 'policy',
  state,
  summary: '2 rules pass',
  reasons: [],
  unblocks: '',
  ...more,
})

const line = (of: Gate) => gateLine(gateWord(of))

describe('a gate in one line', () => {
  test('passes with its summary', () => {
    expect(line(gate('pass'))).toBe('Policy: pass, 2 rules pass')
  })

  test('blocks with the number of reasons that block and what unblocks it', () => {
    const blocked = gate('blocked', {
      unblocks: 'Upgrade libc6',
      reasons: [reason('blocked'), reason('pass'), reason('blocked')],
    })
    expect(line(blocked)).toBe('Policy: blocked for 2 reasons. Upgrade libc6')
  })

  test('says what is missing where it has no answer, never that it passes', () => {
    expect(line(gate('unknown', { reasons: [reason('unknown')] }))).toBe(
      'Policy: unknown, worker has no finished scan',
    )
  })

  test('waits for those who have not spoken, not for those who have', () => {
    const waiting = gate('waiting', {
      name: 'approvals',
      reasons: [reason('pass', { who: 'cho' }), reason('waiting', { who: 'an approver' })],
    })
    expect(line(waiting)).toBe('Approvals: waiting for an approver')
  })

  test('of a kind this console does not know keeps its own name', () => {
    expect(line(gate('pass', { name: 'soak' }))).toBe('soak: pass, 2 rules pass')
  })
})

test('what stands in the way comes first, else in the order of the server', () => {
  const outcomes: GateState[] = ['pass', 'waiting', 'blocked', 'unknown', 'pass']
  const given = outcomes.map((outcome, index) =>
    reason(outcome, { message: String(index) }),
  )
  expect(worstFirst(given).map(({ message }) => message)).toEqual(['2', '3', '1', '0', '4'])
})

test('of findings the worst comes first', () => {
  const of = (severity: string) => reason('blocked', { finding: { severity } })
  const found = worstFirst([of('high'), of('critical'), reason('blocked'), of('low')])
  expect(found.map(({ finding }) => finding?.['severity'])).toEqual(['critical', 'high', 'low', undefined])
})

test('gates that do not pass come first, and a page says so in one sentence', () => {
  const gates = [
    gate('pass', { name: 'order' }),
    gate('waiting', { name: 'approvals', summary: 'lead: 0 of 1 approvals' }),
    gate('blocked', { summary: '7 reasons' }),
  ]
  expect(inTheWayFirst(gates).map(({ state }) => state)).toEqual(['blocked', 'waiting', 'pass'])
  expect(verdictText(gates)).toBe('Policy: 7 reasons; then Approvals; 1 gate passes')
  const waiting = gate('waiting', { name: 'approvals', reasons: [reason('waiting', { who: 'ann' }), reason('waiting', { who: 'ben' })] })
  expect(verdictText([gate('pass'), waiting])).toBe('Approvals: waiting for ann, ben; 1 gate passes')
  expect(verdictText([gate('pass'), gate('pass')])).toBe('Nothing: all 2 gates pass.')
  expect(verdictText([])).toBe('')
})

test('what unblocks a gate is said once', () => {
  const reasons = [reason('waiting', { fix: '1 more from ann' }), reason('waiting', { fix: '1 more from ben' })]
  expect(isRepeated(gate('waiting', { reasons, unblocks: '1 more from ann; 1 more from ben' }))).toBe(true)
  expect(isRepeated(gate('waiting', { reasons, unblocks: 'ask somebody' }))).toBe(false)
  const whole = 'wait until it is there; then it goes on'
  expect(isRepeated(gate('waiting', { reasons: [reason('waiting', { fix: whole })], unblocks: whole }))).toBe(true)
})
