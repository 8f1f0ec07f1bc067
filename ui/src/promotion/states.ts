import type { GateState, PromotionState } from '../api/types'
import type { Look } from '../widgets/State'

export const PROMOTION: Readonly<Record<PromotionState, Look>> = {
  evaluating: { tone: 'busy', icon: 'loader-2', word: 'Evaluating', spin: true },
  waiting: { tone: 'wait', icon: 'clock', word: 'Waiting' },
  scheduled: { tone: 'wait', icon: 'clock', word: 'Scheduled' },
  blocked: { tone: 'bad', icon: 'hand-stop', word: 'Blocked' },
  approved: { tone: 'good', icon: 'check', word: 'Approved' },
  queued: { tone: 'wait', icon: 'list-details', word: 'Queued' },
  deploying: { tone: 'busy', icon: 'loader-2', word: 'Deploying', spin: true },
  deployed: { tone: 'good', icon: 'circle-check', word: 'Deployed' },
  failed: { tone: 'bad', icon: 'circle-x', word: 'Failed' },
  rejected: { tone: 'bad', icon: 'ban', word: 'Rejected' },
  cancelled: { tone: 'idle', icon: 'circle-minus', word: 'Cancelled' },
  expired: { tone: 'idle', icon: 'clock', word: 'Expired' },
  superseded: { tone: 'idle', icon: 'arrow-up', word: 'Superseded' },
  errored: { tone: 'bad', icon: 'alert-triangle', word: 'Errored' },
}

export const GATE: Readonly<Record<GateState, Look>> = {
  pass: { tone: 'good', icon: 'circle-check', word: 'Pass' },
  blocked: { tone: 'bad', icon: 'hand-stop', word: 'Blocked' },
  unknown: { tone: 'open', icon: 'help-circle', word: 'Unknown' },
  waiting: { tone: 'wait', icon: 'clock', word: 'Waiting' },
}

/** The look of a word the server may have learned since this page was built. */
export function lookOf(table: Readonly<Record<string, Look>>, word: string): Look {
  return table[word] ?? { tone: 'open', icon: 'help-circle', word }
}

const OVER: ReadonlySet<PromotionState> = new Set([
  'blocked',
  'deployed',
  'failed',
  'rejected',
  'cancelled',
  'expired',
  'superseded',
  'errored',
])

/** Whether it has ended, one way or another. */
export const isOver = (state: PromotionState): boolean => OVER.has(state)

export const isMoving = (state: PromotionState): boolean =>
  state === 'evaluating' || state === 'approved' || state === 'deploying'
