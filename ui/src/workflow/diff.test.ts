import { expect, it } from 'vitest'
import { changesBetween } from './diff'

it('says place by place what is another', () => {
  const before = { steps: { a: { uses: 'wait', needs: ['x'] }, b: { uses: 'wait' } }, parallel: 3 }
  const after = { steps: { a: { uses: 'wait', needs: ['x', 'y'] }, c: { uses: 'wait' } }, parallel: 3 }
  expect(changesBetween(before, after)).toEqual([
    { path: 'steps.a.needs', before: ['x'], after: ['x', 'y'] },
    { path: 'steps.b', before: { uses: 'wait' }, after: null },
    { path: 'steps.c', before: null, after: { uses: 'wait' } },
  ])
})

it('says nothing of what is the same', () => {
  expect(changesBetween({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] })).toEqual([])
})
