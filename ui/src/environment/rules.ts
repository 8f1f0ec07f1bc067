import type { ApprovalRule, Freeze } from '../api/types'

/** "operations: 2 of operator, cho". */
export function ruleText(rule: ApprovalRule): string {
  return `${rule.rule}: ${rule.count} of ${rule.approvers.join(', ')}`
}

export type FreezeTime = 'holds' | 'comes' | 'over'

/** Whether a window holds is the server's word; what is neither now nor over comes. `now` in milliseconds. */
export function freezeTime(freeze: Freeze, now: number): FreezeTime {
  if (freeze.holds) return 'holds'
  return freeze.endedAt !== null || Date.parse(freeze.endsAt) <= now ? 'over' : 'comes'
}
