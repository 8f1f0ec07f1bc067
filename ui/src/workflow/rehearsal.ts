import type { StepType } from '../api/types'
import { objectOf } from '../words/object'
import type { Config, Step } from './document'

interface Played {
  outputs: Record<string, unknown>
  fail: string
  error: string
  /** How often it does not pass; 0 for always. */
  times: number
}

interface Said {
  action: 'approve' | 'reject' | 'answer'
  values: Record<string, unknown>
}

/** What each step says in a rehearsal: it passes with outputs of the right form, or fails where that is wanted. */
export function playedBy(steps: readonly Step[], types: readonly StepType[], failing: ReadonlySet<string>): Record<string, Played> {
  const known = new Map(types.map((type) => [type.name, type]))
  return Object.fromEntries(
    steps.map(({ name, uses }) => [
      name,
      failing.has(name)
        ? { outputs: {}, fail: 'it fails in this rehearsal', error: '', times: 0 }
        : { outputs: sampleOf(objectOf(known.get(uses)?.outputSchema)), fail: '', error: '', times: 0 },
    ]),
  )
}

/** Those that can fail: what only waits, or asks for a form, cannot. */
export const mayFail = (steps: readonly Step[]) => steps.filter(({ uses }) => uses !== 'wait' && uses !== 'manual-input')

/** What people say: yes, or no where that is to fail, and what a form takes. */
export function saidBy(steps: readonly Step[], failing: ReadonlySet<string>): Record<string, Said> {
  const asked = steps.filter(({ uses }) => uses === 'approval' || uses === 'manual-input')
  return Object.fromEntries(
    asked.map(({ name, uses, held }) => [
      name,
      uses === 'approval'
        ? { action: failing.has(name) ? 'reject' : 'approve', values: {} }
        : { action: 'answer', values: sampleOf(objectOf(objectOf(held['with'])['form'])) },
    ]),
  )
}

/** A value for each property of an object's schema. */
export function sampleOf(schema: Config): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(objectOf(schema['properties'])).map(([name, one]) => [name, valueOf(objectOf(one), name)]),
  )
}

function valueOf(schema: Config, name: string): unknown {
  if ('default' in schema) return schema['default']
  const choices = schema['enum']
  if (Array.isArray(choices)) return choices[0]
  switch (schema['type']) {
    case 'integer':
      return typeof schema['minimum'] === 'number' ? schema['minimum'] : 1
    case 'boolean':
      return true
    case 'array':
      return [valueOf(objectOf(schema['items']), name)]
    case 'object':
      return sampleOf(schema)
    default:
      return name
  }
}

/** "after 2 h 5 min"; the first moment is "at once". */
export function after(seconds: number): string {
  if (seconds < 1) return 'at once'
  const parts = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ] as const
  let left = seconds
  const words: string[] = []
  for (const [size, unit] of parts) {
    const many = Math.floor(left / size)
    left -= many * size
    if (many > 0) words.push(`${many} ${unit}`)
  }
  return `after ${words.slice(0, 2).join(' ')}`
}
