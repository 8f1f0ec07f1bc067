import { expect, it } from 'vitest'
import { begun, changed, redone, undone } from './history'

it('goes back and forth', () => {
  const twice = changed(changed(begun('a'), 'b'), 'c')
  expect(undone(twice).now).toBe('b')
  expect(undone(undone(twice)).now).toBe('a')
  expect(undone(undone(undone(twice))).now).toBe('a')
  expect(redone(undone(twice))).toEqual(twice)
  expect(redone(twice)).toBe(twice)
})

it('takes what is typed without a rest as one change', () => {
  const typed = changed(changed(changed(begun(''), 'a', 1000), 'ab', 1400), 'abc', 3000)
  expect(undone(typed).now).toBe('ab')
  expect(undone(undone(typed)).now).toBe('')
})

it('forgets what was undone once something else is written', () => {
  const other = changed(undone(changed(begun('a'), 'b')), 'c')
  expect(redone(other).now).toBe('c')
  expect(changed(other, 'c')).toBe(other)
})

it('keeps so many changes and no more', () => {
  let history = begun('0')
  for (let at = 1; at <= 500; at += 1) history = changed(history, String(at))
  expect(history.past).toHaveLength(200)
})
