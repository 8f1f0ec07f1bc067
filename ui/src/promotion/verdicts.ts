import type { Decision, Environment, GateState } from '../api/types'
import { gateLine, gateWord } from './gates'

/** The environments of a request, as the address holds them: "dev,stage". No name has a comma. */
export const chosenIn = (text: string | undefined): string[] => [...new Set((text ?? '').split(',').filter(Boolean))]

/** Chosen names in the order of environments; those that nobody knows last. */
export function inOrder(chosen: readonly string[], environments: readonly Pick<Environment, 'name' | 'order'>[]): string[] {
  const at = new Map(environments.map(({ name, order }) => [name, order]))
  return chosen.toSorted((a, b) => (at.get(a) ?? Infinity) - (at.get(b) ?? Infinity) || a.localeCompare(b))
}

/** What a decision comes to, for somebody who is about to ask. */
export const WOULD: Readonly<Record<GateState, string>> = {
  pass: 'It may go: every gate passes. It is deployed as soon as nothing else is.',
  waiting: 'It would wait, for people or a time: nothing is wrong.',
  blocked: 'It would be blocked.',
  unknown: 'It would be blocked: a gate has no answer.',
}

/** The same in one line, with what stands in the way. */
export function verdictLine({ outcome, gates }: Decision): string {
  const inTheWay = gates.filter(({ state }) => state === outcome)
  if (outcome === 'pass' || inTheWay.length === 0) return WOULD[outcome]
  const [first] = inTheWay.map((gate) => (gate.name === 'order' ? gate.summary : gateLine(gateWord(gate))))
  return inTheWay.length === 1 ? (first ?? '') : `${first} And ${inTheWay.length - 1} more.`
}

/** "2 would wait, 1 would be blocked", or what all of them would do. */
export function verdictsText(outcomes: readonly GateState[]): string {
  const number = (...of: readonly GateState[]) => outcomes.filter((one) => of.includes(one)).length
  const parts = [
    [number('pass'), 'may go'],
    [number('waiting'), 'would wait'],
    [number('blocked', 'unknown'), 'would be blocked'],
  ] as const
  const said = parts.filter(([count]) => count > 0)
  const [only] = said
  if (only !== undefined && said.length === 1 && outcomes.length > 1) return `All ${outcomes.length} ${only[1]}.`
  return `${said.map(([count, words]) => `${count} ${words}`).join(', ')}.`
}
