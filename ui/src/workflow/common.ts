import type { StepType } from '../api/types'
import type { Schema } from '../hub/schema'

const WHEN = ['success', 'failure', 'always']
const ON_FAILURE = ['fail', 'ignore', 'ask']

/** What every step can have beside its inputs, as a schema of a form. Its type says how long it takes, and whether it can be undone. */
export function commonSchema(type: StepType | undefined): Schema {
  const undo = type?.canUndo === true ? { undo: { type: 'boolean', title: 'Take it back where the run goes wrong', default: false } } : {}
  return {
    type: 'object',
    additionalProperties: false,
    properties: {
      description: { type: 'string' },
      when: { enum: WHEN, default: 'success', description: 'Given how those that it needs ended.' },
      if: { type: 'string', title: 'If', description: 'An expression: inputs.wanted && steps.test.state == "succeeded"' },
      forEach: { type: 'array', items: { type: 'string' }, title: 'For each', description: 'Once for each item.' },
      matrix: { title: 'Matrix', description: 'Once for each combination.' },
      window: { type: 'integer', minimum: 1, maximum: 100, default: 1, title: 'So many at a time' },
      failuresMax: { type: 'integer', minimum: 0, default: 0, title: 'Failures let pass' },
      timeoutS: { type: 'integer', minimum: 1, title: 'Timeout in seconds', ...(type === undefined ? {} : { default: type.timeoutS }) },
      onFailure: { enum: ON_FAILURE, default: 'fail', title: 'Where it fails' },
      required: { type: 'boolean', default: false, title: 'Nobody may skip it' },
      ...undo,
      retry: {
        type: 'object',
        additionalProperties: false,
        title: 'Tried again',
        properties: {
          attempts: { type: 'integer', minimum: 1, maximum: 20, default: 3, title: 'Attempts in all' },
          waitS: { type: 'integer', minimum: 0, maximum: 3600, default: 5, title: 'Wait in seconds' },
          growth: { type: 'integer', minimum: 1, maximum: 10, default: 2, title: 'Each wait times' },
          waitMaxS: { type: 'integer', minimum: 1, maximum: 86_400, default: 300, title: 'At most, in seconds' },
          of: { type: 'array', items: { type: 'string' }, title: 'After', description: 'errored, failed.' },
        },
      },
      ask: {
        type: 'object',
        additionalProperties: false,
        title: 'Who says what follows (where it fails: ask)',
        properties: {
          by: { type: 'array', items: { type: 'string' }, title: 'Roles and names' },
          hours: { type: 'integer', minimum: 1, maximum: 720, default: 24, title: 'Hours' },
          otherwise: { enum: ['fail', 'skip'], default: 'fail', title: 'Otherwise' },
        },
      },
    },
  }
}

/** Of the whole workflow. */
export const WHOLE: Schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    description: { type: 'string' },
    parallel: { type: 'integer', minimum: 1, maximum: 100, default: 10, title: 'Steps at a time' },
    timeoutS: { type: 'integer', minimum: 1, default: 604_800, title: 'Timeout in seconds' },
    inputs: { title: 'Inputs', description: 'By name, each a JSON Schema.' },
    outputs: { title: 'Outputs', description: 'By name, each may have expressions.' },
    concurrency: {
      type: 'object',
      additionalProperties: false,
      title: 'One run of a group after the other',
      properties: {
        group: { type: 'string', description: 'May have expressions over inputs.' },
        order: { enum: ['oldest', 'newest'], default: 'oldest' },
      },
    },
  },
}

export const isExpression = (value: unknown): value is string => typeof value === 'string' && value.includes('${{')

/** The types by what they come with, the server's own first. */
export function grouped(types: readonly StepType[], wanted: string): (readonly [string, readonly StepType[]])[] {
  const words = wanted.trim().toLowerCase()
  const fitting = types.filter(({ name, title, description }) => `${name} ${title} ${description}`.toLowerCase().includes(words))
  const names = [...new Set(fitting.map(({ comesWith }) => comesWith))].toSorted()
  return names.map((name) => [name, fitting.filter(({ comesWith }) => comesWith === name)])
}
