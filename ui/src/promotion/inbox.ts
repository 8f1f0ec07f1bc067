import type { Alike, Gate, Problem, Promotion } from '../api/types'
import { count } from '../words/text'
import { gateName } from './gates'

/** Gates by what they say, for one glance: how many pass, and which do not. */
export function gatesLine(promotion: Promotion): string {
  const gates = promotion.decision?.gates ?? []
  if (gates.length === 0) return 'not judged yet'
  const passed = gates.filter(({ state }) => state === 'pass').length
  const open = gates.filter(({ state }) => state !== 'pass').map(({ name }) => gateName(name))
  if (open.length === 0) return `all ${gates.length} gates pass`
  const pass = `${passed} ${passed === 1 ? 'gate passes' : 'gates pass'}`
  return open.join() === gateName('approvals') ? `${pass}, only approvals are missing` : `${pass}, ${open.join(' and ')} wait`
}

/** Gates beyond the approvals that hold it up: a yes alone does not let it go. */
export const otherGates = (promotion: Promotion): Gate[] =>
  (promotion.decision?.gates ?? []).filter(({ name, state }) => state !== 'pass' && name !== 'approvals')

/** What would change there: "2 of 3 images, from shop 1.0.0". */
export function changeLine({ diff }: Pick<Promotion, 'diff'>): string {
  const changed = diff.components.filter((one) => one.changed).length
  const what = changed === 0 ? 'no image changes' : `${changed} of ${count(diff.components.length, 'image')}`
  return diff.from === null ? `${what}, the first release there` : `${what}, from ${diff.from.name} ${diff.from.version}`
}

/** Those of a group that are chosen, all where nobody chose. left: ids that were taken out. */
export const chosenOf = (group: Alike, left: ReadonlySet<string>): Promotion[] =>
  group.promotions.filter(({ id }) => !left.has(id))

/** What a group is about, for its heading and its buttons. */
export function groupName({ promotions }: Alike): string {
  const [first] = promotions
  return first === undefined ? '' : `${first.release.name} ${first.release.version}`
}

/** "Not with shop 2.0.0: other images". before: the group above it. */
export const apartLine = (group: Alike, before: Alike | undefined): string =>
  group.apart === '' || before === undefined ? '' : `Not one word with ${groupName(before)} above: ${group.apart}`

/** What became of one of several words. */
export type Outcome = { kind: 'open' } | { kind: 'sending' } | { kind: 'done' } | { kind: 'refused'; problem: Problem }

/** "2 rejected, 1 refused". */
export function outcomesText(outcomes: readonly Outcome[], done: string): string {
  const number = (kind: Outcome['kind']) => outcomes.filter((one) => one.kind === kind).length
  const parts = [
    [number('done'), done],
    [number('refused'), 'refused'],
    [number('sending') + number('open'), 'on the way'],
  ] as const
  return parts.flatMap(([of, word]) => (of > 0 ? [`${of} ${word}`] : [])).join(', ')
}

/** Whether the plan of one of them moved on since it was looked at. plans: promotion -> plan digest. */
export const movedSince = (promotions: readonly Promotion[], plans: ReadonlyMap<string, string>): Promotion[] =>
  promotions.filter(({ id, planDigest }) => plans.has(id) && plans.get(id) !== (planDigest ?? ''))
