import { expect, test } from 'vitest'
import { providerStart, safeNext } from './SignIn'

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

test.each([
  ['company', '/releases?q=a', '/api/v1/session/oidc/company/start?backTo=%2Freleases%3Fq%3Da'],
  ['company', '//evil.example', '/api/v1/session/oidc/company/start?backTo=%2F'],
  ['../../x', undefined, '/api/v1/session/oidc/..%2F..%2Fx/start?backTo=%2F'],
])('to sign in with %s and go on to %s, a browser goes to %s', (name, next, to) => {
  expect(providerStart(name, next)).toBe(to)
})
