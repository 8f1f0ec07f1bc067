import type { Finding, Reason, VexWhy } from '../api/types'

/** A finding as a policy handed it on: whoever writes a policy may leave out what they like. */
export type ToldFinding = Partial<Finding>

const TEXTS = ['id', 'component', 'version', 'severity', 'fixed', 'note', 'summary', 'vex'] as const

const isText = (value: unknown): value is string => typeof value === 'string'

const textOf = (from: Record<string, unknown>, name: string) => (isText(from[name]) ? from[name] : '')

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

function vexIn(value: unknown): VexWhy | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const why = value as Record<string, unknown>
  const voices = Array.isArray(why['voices']) ? why['voices'] : []
  return {
    justification: textOf(why, 'justification'),
    impact: textOf(why, 'impact'),
    action: textOf(why, 'action'),
    voices: voices
      .filter((voice): voice is Record<string, unknown> => typeof voice === 'object' && voice !== null)
      .map((voice) => ({
        issuer: textOf(voice, 'issuer'),
        weight: typeof voice['weight'] === 'number' ? voice['weight'] : 0,
        basis: textOf(voice, 'basis'),
        status: textOf(voice, 'status'),
        at: textOf(voice, 'at'),
        document: textOf(voice, 'document'),
        scope: textOf(voice, 'scope'),
        counts: voice['counts'] === true,
        why: textOf(voice, 'why'),
        expires: textOf(voice, 'expires'),
      })),
    unheard: typeof why['unheard'] === 'number' ? why['unheard'] : 0,
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
  const vexWhy = vexIn(told['vexWhy'])
  if (vexWhy !== undefined) found.vexWhy = vexWhy
  return found
}

/** "urllib3 1.26.4: CVE-2021-33503", by the name that most people know; undefined where it is not told. */
export function findingTitle({ component, version, id, aliases = [] }: ToldFinding): string | undefined {
  const name = [id, ...aliases].find((one) => one?.startsWith('CVE-')) ?? id
  if (component === undefined || name === undefined) return undefined
  return `${[component, version].filter(Boolean).join(' ')}: ${name}`
}
