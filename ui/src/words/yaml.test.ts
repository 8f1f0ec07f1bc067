import { expect, test } from 'vitest'
import { yamlText } from './yaml'

test('a document reads as people write it', () => {
  const text = yamlText({
    apiVersion: 'stella/v1',
    kind: 'Integration',
    name: 'main',
    spec: {
      endpoint: 'registry.example:5000',
      config: { plain_http: true, empty: {}, list: [{ a: 1, b: ['x'] }, [1, 'y']] },
      credentials: { password: 'secret://password' },
      hosts: ['*.cdn.example', 'auth.example'],
      ca: 'line one\nline two\n',
      rotateBy: '2030-01-31',
      nothing: null,
    },
  })
  expect(text).toBe(`apiVersion: stella/v1
kind: Integration
name: main
spec:
  endpoint: "registry.example:5000"
  config:
    plain_http: true
    empty: {}
    list:
      - a: 1
        b:
          - x
      - [1,"y"]
  credentials:
    password: secret://password
  hosts:
    - "*.cdn.example"
    - auth.example
  ca: |
    line one
    line two
  rotateBy: "2030-01-31"
  nothing: null
`)
})

test.each(['yes', 'No', 'null', '12', '1e3', '0x1F', '2030-01-31', '12:30', '~', '- a', 'a: b', 'a #b', ' a', 'a\nb', '', '@a', '{a}', 'ü', 'y'])(
  '%j is quoted',
  (text) => {
    expect(yamlText({ a: text })).toBe(`a: ${JSON.stringify(text)}\n`)
    expect(yamlText({ [text]: 1 })).toBe(`${JSON.stringify(text)}: 1\n`)
  },
)
