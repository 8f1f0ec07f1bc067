import type { Config, Schema } from '../hub/schema'
import { isObject, objectOf } from '../words/object'

/** What a plugin brings, as far as a form needs it. */
export interface Brought {
  kind: string
  name: string
  title: string
  configSchema: Schema
}

export type Written = Readonly<Record<string, unknown>>

/** A part of a document that a plugin has a schema for. */
export interface Part {
  key: string
  title: string
  schema: Schema
  config: Config
  /** How a reason of the server begins that is about a key of it. */
  says: string
  /** The document with other settings in that part. */
  withConfig: (document: Written, config: Config) => Written
}

/** What plugins say of a document: a target's configuration, and the inputs of each step of an environment. */
export function partsOf(document: Written, brought: readonly Brought[]): Part[] {
  const spec = objectOf(document.spec)
  const found = (kind: string, name: unknown) => brought.find((one) => one.kind === kind && one.name === name)
  if (document.kind === 'Target') {
    const connector = found('target', spec.connector)
    if (connector === undefined) return []
    return [
      {
        key: 'config',
        title: `Configuration for ${connector.title}`,
        schema: connector.configSchema,
        config: objectOf(spec.config),
        says: 'config.',
        withConfig: (before, config) => ({ ...before, spec: { ...objectOf(before.spec), config } }),
      },
    ]
  }
  if (document.kind !== 'Environment') return []
  return ['before', 'after'].flatMap((when) => {
    const steps = objectOf(spec.steps)[when]
    return listOf(steps).flatMap((one, at): Part[] => {
      const step = found('step', one.step)
      if (step === undefined) return []
      const name = typeof one.name === 'string' ? one.name : step.name
      return [
        {
          key: `${when}.${at}`,
          title: `Inputs of ${name}: ${step.title}`,
          schema: step.configSchema,
          config: objectOf(one.with),
          says: `step '${name}': with.`,
          withConfig: (before, config) => withInputs(before, when, at, config),
        },
      ]
    })
  })
}

function withInputs(before: Written, when: string, at: number, config: Config): Written {
  const spec = objectOf(before.spec)
  const steps = objectOf(spec.steps)
  const changed = listOf(steps[when]).map((one, place) => (place === at ? { ...one, with: config } : one))
  return { ...before, spec: { ...spec, steps: { ...steps, [when]: changed } } }
}

function listOf(value: unknown): Written[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
