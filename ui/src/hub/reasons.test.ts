import { expect, test } from 'vitest'
import { isMissing, reasonsOf, spread } from './reasons'

const PLACES = new Set([
  'name', 'connector', 'endpoint', 'config', 'config.plain_http', 'config.services', 'config.health', 'config.health.command',
  'credentials', 'credentials.username', 'credentials.password', 'hosts', 'networks', 'roles', 'environments', 'timeoutS',
  'requestsPerS', 'ca', 'proxy', 'rotateBy',
])
const CREDENTIALS = { username: 'vault://main/kv/a#user', password: 'secret://gone' }

// As the server words them: hub/document.py, hub/apply.py.
test.each([
  ['its name is not lower-case letters, digits and hyphens', 'name'],
  ["there is no kind 'teleporter' (known: registry)", 'connector'],
  ["no plugin brings the registry connector 'docker-hub' (known: oci)", 'connector'],
  ['its endpoint is no host or host:port, as it stands in image references', 'endpoint'],
  ['its endpoint is no http:// or https:// URL without user', 'endpoint'],
  ["the integration 'one' is the one for the registry a.example", 'endpoint'],
  ["hosts names 'http://x', which is none", 'hosts'],
  ['hosts names more than 100', 'hosts'],
  ["networks names '10.0.0.1/8', which is none", 'networks'],
  ["roles names 'king', which is none", 'roles'],
  ["environments: there is no 'moon'", 'environments'],
  ['timeoutS is 0, not 1 to 600', 'timeoutS'],
  ['requestsPerS is -1, not 0 to 100000', 'requestsPerS'],
  ['rotateBy is no day (2027-01-31)', 'rotateBy'],
  ['proxy is no http:// URL without user and path', 'proxy'],
  ['ca is no certificate in PEM', 'ca'],
  ['Expected `int`, got `str` - at `$.timeoutS`', 'timeoutS'],
  ["it needs the credential 'password' (Password or token)", 'credentials.password'],
  ["it takes no credential 'token' (known: password, username)", 'credentials'],
  ["there is no secret 'gone' in the built-in store", 'credentials.password'],
  ['vault://main/kv/a#user names no integration of a vault secret store', 'credentials.username'],
  ['vault://main/kv/a#user leads back to main', 'credentials.username'],
  ['something that nobody has said before', undefined],
  ["there is no secret 'other' in the built-in store", undefined],
])('%s: at %s', (reason, place) => {
  const { at, rest } = spread([reason], PLACES, CREDENTIALS)
  expect([...at]).toEqual(place === undefined ? [] : [[place, [reason]]])
  expect(rest).toEqual(place === undefined ? [reason] : [])
})

test.each([
  ['config.plain_http: 1.5 is not of type "boolean"', 'config.plain_http', '1.5 is not of type "boolean"'],
  ['config.services.web.memory: "x" does not match', 'config.services', 'web.memory: "x" does not match'],
  ["config: Additional properties are not allowed ('odd' was unexpected)", 'config', "Additional properties are not allowed ('odd' was unexpected)"],
  ['config.health: "command" is a required property', 'config.health.command', 'it is required'],
  ['config: "compose" is a required property', 'config', 'compose: it is required'],
  ['credentials.password: a reference to a secret cannot be read: x', 'credentials.password', 'a reference to a secret cannot be read: x'],
])('%s: at %s as %s', (reason, place, words) => {
  expect([...spread([reason], PLACES, CREDENTIALS).at]).toEqual([[place, [words]]])
})

test('what is only missing is told apart', () => {
  expect(isMissing("it needs the credential 'token' (Token)")).toBe(true)
  expect(isMissing('it is required')).toBe(true)
  expect(isMissing('compose: it is required')).toBe(true)
  expect(isMissing('ca is no certificate in PEM')).toBe(false)
})

test('several reasons at one field stay together, the same one is told once', () => {
  const { at } = spread(["hosts names 'a b', which is none", "hosts names 'c d', which is none", "hosts names 'a b', which is none"], PLACES, {})
  expect(at.get('hosts')).toHaveLength(2)
})

test('a refusal without a list of reasons is its title', () => {
  expect(reasonsOf({ title: 'no', facts: { reasons: ['a', 'b'] } })).toEqual(['a', 'b'])
  expect(reasonsOf({ title: 'no', facts: { reasons: [] } })).toEqual(['no'])
  expect(reasonsOf({ title: 'no' })).toEqual(['no'])
})
