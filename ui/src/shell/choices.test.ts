import { expect, test } from 'vitest'
import { type Choice, choicesFor } from './choices'

const choice = (id: string, label: string, hint = ''): Choice => ({
  id,
  label,
  hint,
  icon: 'box',
  perform: () => undefined,
})
const ALL = [choice('a', 'Releases'), choice('b', 'shop 2.0.0', 'release'), choice('c', 'Re-shop 1.0', 'release')]
const labels = (text: string) => choicesFor(text, ALL).map(({ label }) => label)

test('every word typed must be found; names that begin with it come first', () => {
  expect(labels('release')).toEqual(['Releases', 'shop 2.0.0', 'Re-shop 1.0'])
  expect(labels('shop')).toEqual(['shop 2.0.0', 'Re-shop 1.0'])
  expect(labels('shop 2')).toEqual(['shop 2.0.0'])
  expect(labels('')).toHaveLength(ALL.length)
})

test.each([
  ['prm_01J8Z3K7Q8', 'promotion'],
  ['rel_01J8Z3K7Q8', 'release'],
  ['dep_01J8Z3K7Q8', 'deployment'],
  ['evd_01J8Z3K7Q8', 'evidence'],
  ['agt_01J8Z3K7Q8', 'facts about this'],
])('the id %s leads to its %s', (id, hint) => {
  expect(choicesFor(id, ALL)[0]).toMatchObject({ label: id, hint })
})
