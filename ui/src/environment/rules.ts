import type { ApprovalRule, Environment, Freeze } from '../api/types'
import { scheduleOf } from './oncall'

/** "operations: 2 of operator, cho, after security, each for 24 h". */
export function ruleText(rule: ApprovalRule): string {
  const more = [
    rule.exclude.includes('releaseCreator') ? ', not who made the release' : '',
    rule.exclude.includes('commitAuthors') ? ', not who committed' : '',
    rule.exclude.includes('requester') ? '' : ', also who asked',
    rule.after === null ? '' : `, after ${rule.after}`,
    rule.expiresAfter === null ? '' : `, each for ${rule.expiresAfter} h`,
    rule.worsened === null ? '' : `, where a new finding is ${rule.worsened} or worse`,
  ]
  return `${rule.rule}: ${rule.count} of ${rule.approvers.map(whom).join(', ')}${more.join('')}`
}

/** A user, a role, or whoever is on call. */
function whom(approver: string): string {
  const schedule = scheduleOf(approver)
  return schedule === undefined ? approver : `whoever is on call for ${schedule}`
}

/** How recent a proof of who they are it asks of whoever approves. */
export function proofText({ reauthenticateMinutes }: Environment): string {
  if (reauthenticateMinutes === null) return 'is logged in, however long'
  return `has proved within ${reauthenticateMinutes} min who they are`
}

export type FreezeTime = 'holds' | 'comes' | 'over'

/** Whether a window holds is the server's word; what is neither now nor over comes. `now` in milliseconds. */
export function freezeTime(freeze: Freeze, now: number): FreezeTime {
  if (freeze.holds) return 'holds'
  return freeze.endedAt !== null || Date.parse(freeze.endsAt) <= now ? 'over' : 'comes'
}
