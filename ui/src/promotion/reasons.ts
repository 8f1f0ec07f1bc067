import type { Finding, Reason } from '../api/types'

/** A finding as a policy handed it on: whoever writes a policy may leave out what they like. */
export type ToldFinding = Partial<Finding>

const TEXTS = ['id', 'component', 'version', 'severity', 'fixed', 'note', 'summary'] as const

const isText = (value: unknown): value is string => typeof value === 'string'

function whyIn(value: unknown): Finding['why'] | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const why = value as Record<string, unknown>
  const paths = Array.isArray(why['paths']) ? why['paths'].filter(isText) : []
  const text = (name: string) => (isText(why[name]) ? why[name] : '')
  return {
    package: text('package'),
    paths,
    layer: text('layer'),
    layerIndex: typeof why['layerIndex'] === 'number' ? why['layerIndex'] : null,
    advisory: text('advisory'),
    range: text('range'),
    compared: text('compared'),
  }
}

/** The finding that a reason is about, as far as it is told. */
export function findingIn(reason: Reason): ToldFinding | undefined {
  const told = reason.finding
  if (told === null || told === undefined) return undefined
  const found: ToldFinding = {}
  for (const name of TEXTS) if (isText(told[name])) found[name] = told[name]
  if (Array.isArray(told['aliases'])) found.aliases = told['aliases'].filter(isText)
  if (typeof told['kev'] === 'boolean') found.kev = told['kev']
  const why = whyIn(told['why'])
  if (why !== undefined) found.why = why
  return found
}
