import type { Gate, GateState, Reason } from '../api/types'

/** What a gate says, as one of four: the compiler sees to it that each is told differently. */
export type GateWord =
  | { kind: 'pass'; gate: string; summary: string }
  | { kind: 'blocked'; gate: string; reasons: number; unblocks: string }
  | { kind: 'unknown'; gate: string; missing: string }
  | { kind: 'waiting'; gate: string; who: string }

const who = (reasons: readonly Reason[]) =>
  [...new Set(reasons.flatMap((reason) => (reason.outcome === 'waiting' && reason.who ? [reason.who] : [])))].join(', ')

const NAMES: Readonly<Record<string, string>> = {
  automatic: 'Automatic promotion',
  order: 'Order of environments',
  lifecycle: 'Lifecycle',
  end: 'End of the environment',
  policy: 'Policy',
  freeze: 'Freeze windows',
  approvals: 'Approvals',
}

/** A gate's name for people. */
export const gateName = (name: string): string => NAMES[name] ?? name

export function gateWord(gate: Gate): GateWord {
  const kind: GateState = gate.state
  switch (kind) {
    case 'pass':
      return { kind, gate: gateName(gate.name), summary: gate.summary }
    case 'blocked':
      return {
        kind,
        gate: gateName(gate.name),
        reasons: gate.reasons.filter((reason) => reason.outcome === 'blocked').length,
        unblocks: gate.unblocks,
      }
    case 'unknown':
      return {
        kind,
        gate: gateName(gate.name),
        missing: gate.reasons.find((reason) => reason.outcome === 'unknown')?.message ?? gate.summary,
      }
    case 'waiting':
      return { kind, gate: gateName(gate.name), who: who(gate.reasons) }
    default:
      return kind satisfies never
  }
}

/** One gate in one line, for lists and for those who hear the page. */
export function gateLine(word: GateWord): string {
  switch (word.kind) {
    case 'pass':
      return `${word.gate}: pass, ${word.summary}`
    case 'blocked':
      return `${word.gate}: blocked for ${word.reasons === 1 ? '1 reason' : `${word.reasons} reasons`}. ${word.unblocks}`
    case 'unknown':
      return `${word.gate}: unknown, ${word.missing}`
    case 'waiting':
      return word.who === '' ? `${word.gate}: waiting` : `${word.gate}: waiting for ${word.who}`
    default:
      return word satisfies never
  }
}

const ORDER: readonly string[] = ['blocked', 'unknown', 'waiting', 'pass']

function rank(reason: Reason): number {
  const at = ORDER.indexOf(reason.outcome)
  return at === -1 ? ORDER.length : at
}

const SEVERITIES: readonly unknown[] = ['critical', 'high', 'medium', 'low']

/** Of the finding that it is about; last where there is none. */
function severityRank({ finding }: Reason): number {
  const at = SEVERITIES.indexOf(finding?.['severity'])
  return at === -1 ? SEVERITIES.length : at
}

/** What stands in the way first, of findings the worst; within it the server's own order. */
export function worstFirst(reasons: readonly Reason[]): Reason[] {
  return reasons.toSorted((a, b) => rank(a) - rank(b) || severityRank(a) - severityRank(b))
}

/** A state that this console does not know may be worse than any that it knows. */
const stateRank = ({ state }: Gate): number => ORDER.indexOf(state)

/** Gates that do not pass before those that do; within each the server's own order. */
export function inTheWayFirst(gates: readonly Gate[]): Gate[] {
  return gates.toSorted((a, b) => stateRank(a) - stateRank(b))
}

/** Whether what unblocks a gate was said already, by its reasons one by one. */
export function isRepeated({ unblocks, reasons }: Gate): boolean {
  const fixes = new Set(reasons.map(({ fix }) => fix))
  return fixes.has(unblocks) || unblocks.split('; ').every((part) => fixes.has(part))
}

/** Why it does not go, for the top of a page: the first gate in the way, and what is left beside it. */
export function verdictText(gates: readonly Gate[]): string {
  const open = inTheWayFirst(gates.filter(({ state }) => state !== 'pass'))
  const [first] = open
  if (first === undefined) return gates.length === 0 ? '' : `Nothing: all ${gates.length} gates pass.`
  const passed = gates.length - open.length
  const rest = [
    ...(open.length > 1 ? [`then ${open.slice(1).map(({ name }) => gateName(name)).join(', ')}`] : []),
    ...(passed > 0 ? [`${passed} ${passed === 1 ? 'gate passes' : 'gates pass'}`] : []),
  ]
  const asked = first.state === 'waiting' ? who(first.reasons) : ''
  return [`${gateName(first.name)}: ${asked === '' ? first.summary : `waiting for ${asked}`}`, ...rest].join('; ')
}
