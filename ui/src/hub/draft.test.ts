import { expect, test } from 'vitest'
import { documentOf, draftFrom, EMPTY, faultsOf, tidy, withConnector } from './draft'
import reference from '../../../src/stella/hub/reference.py?raw'
import names from '../../../src/stella/kernel/names.py?raw'
import { FORMS, namedBy, referenceFault } from './reference'
import { lookOfHealth } from './states'

const SPEC = {
  kind: 'registry',
  connector: 'oci',
  endpoint: 'registry.example',
  config: { plain_http: false, odd: { deep: [1, null] } },
  credentials: { password: 'secret://password' },
  hosts: ['auth.example', '*.cdn.example'],
  networks: ['10.0.0.0/8'],
  roles: ['operator'],
  environments: ['prod'],
  ca: '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n',
  proxy: 'http://proxy.example:3128',
  timeoutS: 5,
  requestsPerS: 10,
  rotateBy: '2030-01-31',
  enabled: false,
}

test('what an integration says comes back as it was', () => {
  const draft = draftFrom('main', { ...SPEC, later: 1 })
  expect(faultsOf(draft, [])).toEqual(new Map())
  expect(documentOf(draft, new Map())).toEqual({
    apiVersion: 'stella/v1',
    kind: 'Integration',
    name: 'main',
    spec: { ...SPEC, later: 1 },
  })
})

test('what is as it would be anyway is left out', () => {
  const plain = { kind: 'registry', connector: 'oci', endpoint: 'a' }
  const whole = {
    ...plain,
    config: {}, credentials: {}, hosts: [], networks: [], roles: [], environments: [],
    ca: null, proxy: null, timeoutS: 30, requestsPerS: 0, rotateBy: null, enabled: true,
  }
  expect(tidy('main', whole).spec).toEqual(plain)
})

test('what may be the secret itself leaves the form in no document', () => {
  const draft = { ...EMPTY, name: 'main', endpoint: 'a', credentials: { password: 'hunter2', username: 'env://USER' } }
  const faults = faultsOf(draft, [])
  expect(faults.get('credentials.password')).toBe(
    'a reference to a secret cannot be read: a secret stands where a reference to one belongs',
  )
  expect(JSON.stringify(documentOf(draft, faults))).not.toContain('hunter2')
  expect(documentOf(draft, faults).spec.credentials).toEqual({ username: 'env://USER' })
})

test('a name that another has, and a number that is none, are told at once', () => {
  const draft = { ...EMPTY, name: 'main', timeoutS: 'soon', requestsPerS: '' }
  expect([...faultsOf(draft, ['main']).keys()]).toEqual(['name', 'timeoutS', 'requestsPerS'])
  expect(documentOf(draft, faultsOf(draft, [])).spec).not.toHaveProperty('timeoutS')
})

test('another connector keeps what it has, too', () => {
  const to = {
    kind: 'secret_store',
    name: 'vault',
    title: 'Vault',
    configSchema: { properties: { plain_http: {} } },
    outputSchema: {},
    uses: {},
    credentials: [{ name: 'token', title: 'Token', required: true }],
    schemes: ['https'],
  }
  const draft = withConnector(draftFrom('main', SPEC), to)
  expect([draft.kind, draft.connector, draft.config, draft.credentials]).toEqual([
    'secret_store',
    'vault',
    { plain_http: false },
    {},
  ])
  expect(draft.endpoint).toBe(SPEC.endpoint)
})

test('what has no endpoint is written without one', () => {
  const to = { kind: 'webhook', name: 'signed', title: 'Signed', configSchema: {}, outputSchema: {}, uses: {}, credentials: [], schemes: [] }
  const document = documentOf(withConnector(draftFrom('main', SPEC), to), new Map())
  expect('endpoint' in document.spec).toBe(false)
})

test.each([
  ['env://DB_PASSWORD', undefined],
  ['file:///run/secrets/db', undefined],
  ['secret://db-password', undefined],
  ['vault://main/kv/shop/db#password', undefined],
  ['aws-sm://main/rds!db-1#password', undefined],
  ['file:///run/schlüssel', undefined],
  ['file:///a\nb', 'a secret stands where'],
  ['hunter2', 'a secret stands where'],
  ['', 'a secret stands where'],
  ['pass://', 'a secret stands where'],
  ['P4ss://word', 'a secret stands where'],
  ['env://9A', 'its variable is no name'],
  ['file://etc/passwd', 'absolute path'],
  ['file:///a/../b', 'absolute path'],
  ['secret://A', 'its secret is no name'],
  ['vault://main', 'vault:// wants an integration and a path'],
  ['vault://main/a/../b', 'wants an integration and a path'],
  ['vault://MAIN/a', 'its integration is no name'],
  ['vault://main/a b', 'its path has characters'],
  ['vault://main/a#', 'its key is no name'],
  [`env://${'A'.repeat(1000)}`, 'a secret stands where'],
])('the reference %s: %s', (text, why) => {
  const fault = referenceFault(text)
  if (why === undefined) expect(fault).toBeUndefined()
  else expect(fault).toContain(why)
})

test('a reference leads to what it names', () => {
  expect(namedBy('secret://db')).toEqual({ kind: 'secret', name: 'db' })
  expect(namedBy('vault://main/kv/a#b')).toEqual({ kind: 'integration', name: 'main' })
  expect(namedBy('env://A')).toBeUndefined()
  expect(namedBy('hunter2')).toBeUndefined()
})

test('switched off and left alone come before how it was', () => {
  const health = { at: '', outcome: 'pass', detail: '', durationMs: 1 }
  const word = (enabled: boolean, leftAloneUntil: string | null, known: typeof health | null) =>
    lookOfHealth({ enabled, leftAloneUntil, health: known }).word
  expect(word(true, null, health)).toBe('Works')
  expect(word(true, null, { ...health, outcome: 'blocked' })).toBe('Fails')
  expect(word(true, 'soon', health)).toBe('Left alone')
  expect(word(false, 'soon', health)).toBe('Switched off')
  expect(word(true, null, null)).toBe('Not looked at')
})

test.each(Object.entries(FORMS))('the server reads %s in the same way', (name, form) => {
  const theirs = new RegExp(`^_?${name} = re\\.compile\\(r"(.+)\\\\Z"\\)$`, 'm').exec(reference + names)?.[1]
  expect(form.source.replaceAll('\\/', '/')).toBe(`^${theirs}$`)
})
