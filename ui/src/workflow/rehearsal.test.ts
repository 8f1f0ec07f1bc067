import { expect, test } from 'vitest'
import type { StepType } from '../api/types'
import { stepsOf } from './document'
import { after, mayFail, playedBy, sampleOf, saidBy } from './rehearsal'

const STEPS = stepsOf({
  steps: {
    seal: { uses: 'create-release' },
    agree: { uses: 'approval', needs: ['seal'] },
    when: {
      uses: 'manual-input',
      with: { form: { properties: { hosts: { type: 'integer', minimum: 3 }, night: { type: 'boolean' }, zone: { enum: ['b', 'a'] } } } },
    },
  },
})
const TYPES = [
  { name: 'create-release', outputSchema: { properties: { release: { type: 'string' } } } },
] as unknown as readonly StepType[]

test('steps pass with outputs of their form, or fail where that is wanted', () => {
  const played = playedBy(STEPS, TYPES, new Set(['agree']))
  expect(played['seal']).toEqual({ outputs: { release: 'release' }, fail: '', error: '', times: 0 })
  expect(played['agree']?.fail).not.toBe('')
})

test('people say yes or no, and fill forms in', () => {
  expect(saidBy(STEPS, new Set(['agree']))['agree']?.action).toBe('reject')
  expect(mayFail(STEPS).map(({ name }) => name)).toEqual(['seal', 'agree'])
  expect(saidBy(STEPS, new Set())).toEqual({
    agree: { action: 'approve', values: {} },
    when: { action: 'answer', values: { hosts: 3, night: true, zone: 'b' } },
  })
})

test('a sample takes the default, and goes into lists and objects', () => {
  const properties = {
    a: { type: 'string', default: 'x' },
    b: { type: 'array', items: { type: 'object', properties: { c: { type: 'integer' } } } },
  }
  expect(sampleOf({ properties })).toEqual({ a: 'x', b: [{ c: 1 }] })
})

test('times are said shortly', () => {
  expect([0, 59, 3600, 7500, 90_000].map(after)).toEqual(['at once', 'after 59 s', 'after 1 h', 'after 2 h 5 min', 'after 1 d 1 h'])
})
