import { expect, test } from 'vitest'
import type { OnCallLayer } from '../api/types'
import { hoursText, scheduleOf, turnText, whoOf } from './oncall'

const layer: OnCallLayer = {
  name: 'all',
  people: ['ann'],
  starts: '2030-01-07T09:00',
  handover: null,
  days: 7,
  hours: null,
  only: [],
}

test('an approver is a schedule, or a user or a role', () => {
  expect(scheduleOf('oncall:payments')).toBe('payments')
  expect(scheduleOf('approver')).toBeUndefined()
})

test('a layer says when people take over, and for which hours it is', () => {
  expect(turnText(layer)).toBe('every 7 days from 2030-01-07 09:00')
  expect(turnText({ ...layer, days: 1 })).toBe('every day from 2030-01-07 09:00')
  expect(turnText({ ...layer, days: null, hours: 12 })).toBe('every 12 hours from 2030-01-07 09:00')
  expect(turnText({ ...layer, days: null, handover: 'FREQ=WEEKLY' })).toBe('FREQ=WEEKLY, from 2030-01-07 09:00')
  expect(hoursText(layer)).toBe('always')
  const only = [
    { from: '20:00', until: '08:00', days: [] },
    { from: '00:00', until: '00:00', days: ['SA', 'SU'] },
  ]
  expect(hoursText({ ...layer, only })).toBe('20:00 to 08:00; 00:00 to 00:00 on SA, SU')
})

test('a gap is said', () => {
  expect(whoOf({ person: null, startsAt: '', endsAt: null, by: '' })).toBe('nobody')
})
