import { expect, test } from 'vitest'
import type { Alike, Promotion } from '../api/types'
import { apartLine, changeLine, chosenOf, gatesLine, movedSince, otherGates, outcomesText } from './inbox'

const gate = (name: string, state: string) => ({ name, state, summary: '', reasons: [], unblocks: '', due: null })

const promotion = (id: string, ...gates: ReturnType<typeof gate>[]) =>
  ({
    id,
    planDigest: `plan of ${id}`,
    release: { name: 'shop', version: '2.0.0' },
    decision: { gates },
    diff: {
      from: { name: 'shop', version: '1.0.0' },
      components: [{ changed: true }, { changed: false }],
    },
  }) as unknown as Promotion

const one = promotion('a', gate('policy', 'pass'), gate('approvals', 'waiting'), gate('order', 'waiting'))
const group = (apart: string): Alike => ({ promotions: [one, promotion('b')], rules: ['release'], standsFor: null, apart })

test('a glance says how many gates pass, and what a yes alone does not open', () => {
  expect(gatesLine(one)).toBe('1 gate passes, Approvals and Order of environments wait')
  expect(gatesLine(promotion('b', gate('policy', 'pass'), gate('order', 'pass')))).toBe('all 2 gates pass')
  expect(gatesLine(promotion('b', gate('policy', 'pass'), gate('approvals', 'waiting')))).toBe(
    '1 gate passes, only approvals are missing',
  )
  expect(gatesLine(promotion('b'))).toBe('not judged yet')
  expect(otherGates(one).map(({ name }) => name)).toEqual(['order'])
})

test('what changes stands in one line', () => {
  expect(changeLine(one)).toBe('1 of 2 images, from shop 1.0.0')
  expect(changeLine({ diff: { from: null, components: [] } })).toBe('no image changes, the first release there')
})

test('all of a group are chosen but those that were taken out', () => {
  expect(chosenOf(group(''), new Set(['b'])).map(({ id }) => id)).toEqual(['a'])
})

test('what is apart says from what, and why', () => {
  expect(apartLine(group('other images'), group(''))).toBe('Not one word with shop 2.0.0 above: other images')
  expect(apartLine(group(''), undefined)).toBe('')
})

test('a plan that moved on is found, one that nobody looked at is not', () => {
  const plans = new Map([['a', 'plan of a'], ['b', 'an older one']])
  expect(movedSince([one, promotion('b'), promotion('c')], plans).map(({ id }) => id)).toEqual(['b'])
})

test('outcomes are counted', () => {
  const problem = { type: '', title: '', status: 409, code: '', remedy: { advice: '', command: null } }
  expect(outcomesText([{ kind: 'done' }, { kind: 'refused', problem }, { kind: 'open' }], 'rejected')).toBe(
    '1 rejected, 1 refused, 1 on the way',
  )
})
