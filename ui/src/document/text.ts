import type { Problem } from '../api/types'
import { SKELETONS } from './skeletons'

/** The kinds that can be begun from nothing, in the order in which people need them. */
export const NEW_KINDS = Object.keys(SKELETONS)

export function skeleton(kind: string): string {
  return SKELETONS[kind] ?? `apiVersion: stella/v1\nkind: ${kind}\nname: \nspec: {}\n`
}

interface Named {
  kind: string
  name: string
}

/** What a text calls its document, as far as one line each says it; the server reads it whole. */
export function namedIn(text: string): Named {
  return { kind: top(text, 'kind'), name: top(text, 'name') }
}

function top(text: string, key: string): string {
  const found = new RegExp(`^${key}:[ \\t]*(?:"([^"]*)"|'([^']*)'|([^#\\n]*))`, 'm').exec(text)
  return (found?.[1] ?? found?.[2] ?? found?.[3] ?? '').trim()
}

/** The line that a refusal names, from 1. */
export function lineOf(problem: Problem | undefined): number | undefined {
  const line = problem?.facts?.['line']
  return typeof line === 'number' ? line : undefined
}

/** What was read is not overwritten once it has changed; what is new must not be there yet. */
export function basisOf(text: string, read: { kind: string; name: string; digest: string } | undefined) {
  if (read !== undefined) return { [`${read.kind}/${read.name}`]: read.digest }
  const { kind, name } = namedIn(text)
  return kind === '' || name === '' ? {} : { [`${kind}/${name}`]: '' }
}
