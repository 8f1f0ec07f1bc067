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

/** What stands in the way first; within it the server's own order. */
export function worstFirst(reasons: readonly Reason[]): Reason[] {
  return reasons.toSorted((a, b) => rank(a) - rank(b))
}
