import { describe, expect, test } from 'vitest'
import aws from '../../../src/stella_connectors/aws_secrets/stella-plugin.json'
import compose from '../../../src/stella_connectors/compose/stella-plugin.json'
import docker from '../../../src/stella_connectors/docker/stella-plugin.json'
import registry from '../../../src/stella_connectors/registry/stella-plugin.json'
import vault from '../../../src/stella_connectors/vault/stella-plugin.json'
import { isObject } from '../words/object'
import {
  type Config,
  type Field,
  fieldsOf,
  placesOf,
  type Schema,
  titleAt,
  titleOf,
  typedJson,
  typedLines,
  typedNumber,
  valueOf,
  withValue,
} from './schema'

const schemaOf = (plugin: { contributes: { configSchema: Schema }[] }): Schema => plugin.contributes[0]?.configSchema ?? {}
const closed = (properties: Record<string, unknown>, more: Schema = {}): Schema => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...more,
})
const only = (schema: unknown, value?: unknown): Field => {
  const [field] = fieldsOf(closed({ it: schema }), value === undefined ? {} : { it: value })
  if (field === undefined) throw new Error('no field')
  return field
}

/** One service of the docker connector: the schema of one part, which the form would draw on its own. */
function serviceSchema(): Schema {
  const services = schemaOf(docker).properties
  const service = isObject(services) && isObject(services.services) ? services.services.additionalProperties : undefined
  return isObject(service) ? service : {}
}

describe('schemas of the base install', () => {
  test('the registry has one box', () => {
    expect(fieldsOf(schemaOf(registry), {})).toMatchObject([
      { kind: 'flag', path: 'config.plain_http', title: 'Plain HTTP', byDefault: false, required: false },
    ])
  })

  test.each([vault, aws])('every setting of a secret store has a field of its own', (plugin) => {
    const fields = fieldsOf(schemaOf(plugin), {})
    expect(fields.length).toBeGreaterThan(3)
    expect(fields.filter(({ kind }) => kind === 'json' || kind === 'rest')).toEqual([])
  })

  test('a map from names to objects is JSON', () => {
    expect(fieldsOf(schemaOf(docker), {})).toMatchObject([{ kind: 'json', path: 'config.services', title: 'Services' }])
  })

  test('one service of docker is drawn but for its variables', () => {
    const fields = fieldsOf(serviceSchema(), {})
    expect(Object.fromEntries(fields.map(({ key, kind }) => [key, kind]))).toEqual({
      ports: 'lines',
      env: 'json',
      volumes: 'lines',
      networks: 'lines',
      command: 'lines',
      user: 'text',
      restart: 'choice',
      memory: 'text',
      cpus: 'text',
      init: 'flag',
      read_only: 'flag',
      health: 'group',
      health_timeout_s: 'number',
      stable_s: 'number',
      stop_timeout_s: 'number',
    })
    expect(fields.find(({ key }) => key === 'restart')).toMatchObject({ byDefault: 'unless-stopped' })
    expect(fields.find(({ key }) => key === 'stable_s')).toMatchObject({ whole: true, min: 0, max: 600, hint: '2' })
    expect(placesOf(fields)).toContain('config.health.command')
    expect(titleAt(fields, 'config.health.command')).toBe('Health: Command')
    expect(titleAt(fields, 'config.none')).toBeUndefined()
    expect(fields.find(({ key }) => key === 'health')).toMatchObject({
      fields: [{ kind: 'text', required: true }, { kind: 'number' }, { kind: 'number' }, { kind: 'number' }, { kind: 'number' }],
    })
  })

  test('compose takes text or data: JSON, and it is required', () => {
    expect(fieldsOf(schemaOf(compose), {})).toMatchObject([
      { key: 'compose', kind: 'json', required: true },
      { key: 'env', kind: 'json' },
      { key: 'services', kind: 'json' },
      { key: 'wait_timeout_s', kind: 'number', hint: '120' },
    ])
  })
})

test.each<[unknown, string]>([
  [{ type: 'string' }, 'text'],
  [{ type: ['string', 'null'] }, 'text'],
  [{ type: ['string', 'object'] }, 'json'],
  [{ type: 'integer', minimum: 1 }, 'number'],
  [{ type: 'number' }, 'number'],
  [{ type: 'boolean', default: true }, 'flag'],
  [{ type: 'boolean' }, 'choice'],
  [{ enum: ['a', 1, null] }, 'choice'],
  [{ const: 'a' }, 'choice'],
  [{ type: 'array', items: { type: 'string' } }, 'lines'],
  [{ type: 'array', items: { type: 'object' } }, 'json'],
  [{ type: 'array' }, 'json'],
  [{ type: 'object' }, 'json'],
  [{ type: 'object', properties: { a: {} }, additionalProperties: false }, 'group'],
  [{ type: 'object', properties: { a: {} } }, 'json'],
  [{ anyOf: [{ type: 'string' }] }, 'json'],
  [{ type: 'string', $ref: '#/$defs/a' }, 'json'],
  [{}, 'json'],
  [true, 'json'],
])('%j is drawn as %s', (schema, kind) => {
  expect(only(schema).kind).toBe(kind)
})

test.each<[unknown, unknown]>([
  [{ type: 'string' }, 5],
  [{ type: 'boolean', default: false }, 'yes'],
  [{ type: 'integer' }, '7'],
  [{ enum: ['a'] }, 'b'],
  [{ type: 'array', items: { type: 'string' } }, ['a', 1]],
  [{ type: 'array', items: { type: 'string' } }, ['two\nlines']],
  [{ type: 'object', properties: {}, additionalProperties: false }, [1]],
])('%j with %j in it becomes JSON, so that the value is seen', (schema, value) => {
  expect(only(schema, value).kind).toBe('json')
})

test('objects are drawn one level deep', () => {
  const inner = closed({ deep: closed({ deeper: { type: 'string' } }) })
  expect(only(inner)).toMatchObject({ kind: 'group', fields: [{ kind: 'json', path: 'config.it.deep' }] })
})

describe('what no field shows is not lost', () => {
  const schema = closed({ a: { type: 'string' } })

  test('a key that the schema does not know has a place', () => {
    const config: Config = { a: 'x', odd: { deep: 1 } }
    const rest = fieldsOf(schema, config).at(-1)
    expect(rest).toMatchObject({ kind: 'rest', path: 'config', but: ['a'] })
    expect(rest && valueOf(rest, config)).toEqual({ odd: { deep: 1 } })
    expect(rest && withValue(rest, config, { other: 2 })).toEqual({ a: 'x', other: 2 })
    expect(rest && withValue(rest, config, undefined)).toEqual({ a: 'x' })
    expect(rest && typedJson('{"a": 1}', rest)).toEqual({ fault: 'a has a field of its own' })
    expect(rest && typedJson('[1]', rest)).toHaveProperty('fault')
  })

  test('a schema that lets more in has a place for it, a closed one has none', () => {
    expect(fieldsOf(schema, {})).toHaveLength(1)
    expect(fieldsOf({ ...schema, additionalProperties: true }, {}).at(-1)?.kind).toBe('rest')
    expect(fieldsOf({ ...schema, oneOf: [{}] }, {}).at(-1)?.kind).toBe('rest')
    expect(fieldsOf({}, {})).toMatchObject([{ kind: 'rest', but: [], title: 'Settings' }])
  })

  test('each field changes its own value only', () => {
    const config: Config = { a: 'x', b: [1], c: { d: null } }
    for (const field of fieldsOf(closed({ a: { type: 'string' }, b: { type: 'array' } }), config)) {
      expect(withValue(field, config, valueOf(field, config))).toEqual(config)
    }
  })
})

test.each<[string, unknown]>([
  ['', undefined],
  [' 7 ', 7],
  ['0.5', 0.5],
  ['soon', 'soon'],
  ['1e999', '1e999'],
])('%j is typed as the number %j', (typed, value) => {
  expect(typedNumber(typed)).toBe(value)
})

test('lists are one item a line', () => {
  expect(typedLines('a b\n\n c\n', false)).toEqual(['a b', ' c'])
  expect(typedLines('\n', false)).toBeUndefined()
  expect(typedLines('', true)).toEqual([])
})

test('JSON that is none is told, and what was there stays', () => {
  const field = only({})
  expect(typedJson('{"a": [1]}', field)).toEqual({ value: { a: [1] } })
  expect(typedJson(' ', field)).toEqual({ value: undefined })
  expect(typedJson('{a: 1}', field)).toHaveProperty('fault', expect.stringMatching(/^this is no JSON: /))
})

test.each([
  ['plain_http', 'Plain http'],
  ['maxRetries', 'Max retries'],
  ['a-b', 'A b'],
  ['_', '_'],
])('%s is titled %s', (key, title) => {
  expect(titleOf(key)).toBe(title)
})
