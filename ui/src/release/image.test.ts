import { expect, test } from 'vitest'
import type { EntryPoint } from '../api/types'
import { lifetimeWords, partOf, powerOf, programOf, secretPlace, userWords } from './image'

const entry: EntryPoint = {
  program: '/srv/web.py',
  interpreter: '/usr/bin/python3.11',
  module: '',
  user: '',
  package: '',
  confidence: 'certain',
  reason: '',
  steps: [
    { what: 'python3', path: '/usr/bin/python3.11', how: 'ENTRYPOINT', package: 'pkg:deb/python3', layerIndex: 0 },
    { what: '/srv/web.py', path: '/srv/web.py', how: 'given to python3', package: '', layerIndex: 2 },
  ],
}

test('a user is root by name, by number or for want of one', () => {
  expect(userWords({ name: '', uid: 0, root: 'yes', reason: '' })).toBe('root, for no user is named')
  expect(userWords({ name: 'toor', uid: 0, root: 'yes', reason: '' })).toBe('toor, which is root')
  expect(userWords({ name: 'web', uid: 1000, root: 'no', reason: '' })).toBe('web (1000)')
  expect(userWords({ name: '65532', uid: 65532, root: 'no', reason: '' })).toBe('65532')
  expect(userWords({ name: 'web', uid: null, root: 'unknown', reason: 'no list' })).toContain('unknown')
})

test('a program that is not known has no name', () => {
  expect(programOf(entry)).toBe('/srv/web.py')
  expect(programOf({ ...entry, program: '', module: 'uvicorn' })).toBe('module uvicorn')
  expect(programOf({ ...entry, confidence: 'unknown' })).toBe('')
})

test('a package is the program, on the way to it, or beside it', () => {
  expect(partOf(entry, 'pkg:deb/python3', [])).toBe('way')
  expect(partOf({ ...entry, package: 'pkg:pypi/web' }, 'pkg:pypi/web', [])).toBe('program')
  expect(partOf(entry, 'pkg:golang/x', ['/srv/web.py'])).toBe('program')
  expect(partOf(entry, 'pkg:deb/perl', ['/var/lib/dpkg/status'])).toBe('beside')
  expect(partOf({ ...entry, confidence: 'unknown' }, 'pkg:deb/perl', [])).toBe('unknown')
  expect(partOf(null, 'pkg:deb/perl', [])).toBe('unknown')
})

test('a secret says where it lies and never what it is', () => {
  const secret = { rule: 'npm-token', path: '/a', line: 3, layer: '', layerIndex: 1, deleted: false } as const
  expect(secretPlace({ ...secret, where: 'file' })).toBe('/a:3, layer 1')
  expect(secretPlace({ ...secret, where: 'history', path: '2' })).toBe('step 2 of the build')
  expect(secretPlace({ ...secret, where: 'label', path: 'ci.token' })).toBe('the label ci.token')
  expect(secretPlace({ ...secret, where: 'user', path: '' })).toBe('the USER that it runs as')
})

test('power is a mode or the names of capabilities', () => {
  const file = { path: '/a', mode: '4755', uid: 0, gid: 0, capabilities: [], package: '', layer: '', layerIndex: 0 }
  expect(powerOf(file)).toBe('mode 4755 of 0:0')
  expect(powerOf({ ...file, capabilities: ['cap_net_raw'] })).toBe('cap_net_raw')
})

test('a distribution lasts, is over, rolls, is none or nobody knows', () => {
  const lifetime = { distro: 'debian-12', until: '2028-06-30', source: 's', over: 'no' } as const
  expect(lifetimeWords(lifetime)).toContain('until 2028-06-30')
  expect(lifetimeWords({ ...lifetime, over: 'yes' })).toContain('since 2028-06-30')
  expect(lifetimeWords({ ...lifetime, until: '' })).toBe('unknown: s')
  expect(lifetimeWords({ ...lifetime, until: 'none' })).toContain('nothing')
})
