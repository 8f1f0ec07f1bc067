import type { ApprovalRule, Freeze } from '../api/types'

/** "operations: 2 of operator, cho". */
export function ruleText(rule: ApprovalRule): string {
  return `${rule.rule}: ${rule.count} of ${rule.approvers.join(', ')}`
}

/** The page's clock goes in steps: a window that began since the last one holds. */
const LATE_MS = 20_000

export type FreezeTime = 'holds' | 'comes' | 'over'

/** Whether a window holds at `now`, in milliseconds; ended by hand counts as over. */
export function freezeTime(freeze: Freeze, now: number): FreezeTime {
  if (freeze.endedAt !== null || Date.parse(freeze.endsAt) <= now) return 'over'
  return Date.parse(freeze.startsAt) <= now + LATE_MS ? 'holds' : 'comes'
}
