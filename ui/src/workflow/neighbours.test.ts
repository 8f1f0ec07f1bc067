import { expect, test } from 'vitest'
import { layout } from './layout'
import { neighbour } from './neighbours'

const nodes = [
  { id: 'a', needs: [] },
  { id: 'b', needs: ['a'] },
  { id: 'c', needs: ['a'] },
  { id: 'd', needs: ['c'] },
]
const end = [{ id: 'tell', needs: [] }]
const places = layout([nodes, end])

test.each([
  ['ArrowUp', 'd', 'c'],
  ['ArrowDown', 'c', 'd'],
  ['ArrowRight', 'b', 'c'],
  ['ArrowLeft', 'c', 'b'],
  ['ArrowLeft', 'b', undefined],
  ['ArrowUp', 'a', undefined],
  ['ArrowDown', 'd', 'tell'],
  ['Enter', 'a', undefined],
  ['ArrowUp', 'gone', undefined],
])('%s leads from %s to %s', (key, from, to) => {
  expect(neighbour(key, from, [...nodes, ...end], places)).toBe(to)
})
