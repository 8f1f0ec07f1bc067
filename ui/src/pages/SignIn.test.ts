import { expect, test } from 'vitest'
import { safeNext } from './SignIn'

test.each([
  ['/promotions?mine=1', '/promotions?mine=1'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['https://evil.example', '/'],
  ['javascript:alert(1)', '/'],
  [undefined, '/'],
])('after signing in, %s leads to %s', (next, to) => {
  expect(safeNext(next)).toBe(to)
})
