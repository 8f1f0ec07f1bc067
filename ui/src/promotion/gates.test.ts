import { describe, expect, test } from 'vitest'
import type { Gate, GateState, Reason } from '../api/types'
import { gateLine, gateWord, worstFirst } from './gates'

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
