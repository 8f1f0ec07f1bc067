import { expect, it } from 'vitest'
import type { StepType } from '../api/types'
import { fieldsOf, placesOf } from '../hub/schema'
import { commonSchema, grouped, isExpression, WHOLE } from './common'

const type = (name: string, comesWith = '', canUndo = false): StepType => ({
  name,
  title: name,
  description: '',
  way: 'call',
  inputSchema: {},
  outputSchema: {},
  canUndo,
  attemptsMax: 1,
  timeoutS: 60,
  comesWith,
})

it('has a field for all that a step can have', () => {
  const places = placesOf(fieldsOf(commonSchema(type('deploy', '', true)), {}))
  for (const key of ['when', 'if', 'forEach', 'matrix', 'window', 'timeoutS', 'retry.attempts', 'onFailure', 'ask.by', 'undo', 'required']) {
    expect(places).toContain(`config.${key}`)
  }
  expect(placesOf(fieldsOf(commonSchema(type('wait')), {}))).not.toContain('config.undo')
  expect(placesOf(fieldsOf(WHOLE, {}))).toContain('config.concurrency.group')
})

it('groups types by what they come with, the server first', () => {
  const types = [type('jira', 'tickets'), type('wait'), type('approval')]
  expect(grouped(types, '').map(([name, of]) => [name, of.map((one) => one.name)])).toEqual([
    ['', ['wait', 'approval']],
    ['tickets', ['jira']],
  ])
  expect(grouped(types, 'JIR')).toHaveLength(1)
})

it.each([
  ['${{ inputs.a }}', true],
  ['at ${{ item }}', true],
  ['plain', false],
  [3, false],
])('%j is an expression: %s', (value, is) => {
  expect(isExpression(value)).toBe(is)
})
