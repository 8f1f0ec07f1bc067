import { expect, test } from 'vitest'
import { partsOf } from './brought'

const BROUGHT = [
  { kind: 'target', name: 'docker', title: 'Docker Engine', configSchema: { type: 'object', title: 'd' } },
  { kind: 'step', name: 'ask', title: 'Ask', configSchema: { type: 'object', title: 'a' } },
]

test('a target has the configuration of its connector', () => {
  const target = { kind: 'Target', name: 'one', spec: { connector: 'docker', agent: 'a', config: { x: 1 } } }
  const [part, ...none] = partsOf(target, BROUGHT)
  expect(none).toEqual([])
  expect([part?.title, part?.config, part?.schema]).toEqual([
    'Configuration for Docker Engine',
    { x: 1 },
    { type: 'object', title: 'd' },
  ])
  expect(part?.withConfig(target, { y: 2 })).toEqual({
    kind: 'Target',
    name: 'one',
    spec: { connector: 'docker', agent: 'a', config: { y: 2 } },
  })
})

test('an environment has the inputs of each step that a plugin brings', () => {
  const steps = {
    before: [
      { name: 'gone', step: 'nobody', with: { z: 0 } },
      { name: 'first', step: 'ask', with: { url: 'x' } },
    ],
    after: [{ name: 'last', step: 'ask' }],
  }
  const environment = { kind: 'Environment', name: 'dev', spec: { policy: 'starter', steps } }
  const parts = partsOf(environment, BROUGHT)
  expect(parts.map(({ title, config }) => [title, config])).toEqual([
    ['Inputs of first: Ask', { url: 'x' }],
    ['Inputs of last: Ask', {}],
  ])
  expect(parts[0]?.withConfig(environment, { url: 'y' })).toEqual({
    ...environment,
    spec: { policy: 'starter', steps: { ...steps, before: [steps.before[0], { name: 'first', step: 'ask', with: { url: 'y' } }] } },
  })
})

test.each([
  { kind: 'Policy', name: 'p', spec: {} },
  { kind: 'Target', name: 't', spec: { connector: 'gone' } },
  { kind: 'Environment', name: 'e', spec: { steps: 'none' } },
])('what no plugin has a schema for has no form: $kind', (document) => {
  expect(partsOf(document, BROUGHT)).toEqual([])
})
