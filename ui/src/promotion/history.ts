import type { HistoryMoment } from '../api/types'
import type { Look } from '../widgets/State'
import { GATE, lookOf } from './states'

const EVENTS: Readonly<Record<string, Look>> = {
  PromotionRequested: { tone: 'idle', icon: 'git-pull-request', word: 'Asked for' },
  ApprovalGiven: { tone: 'good', icon: 'check', word: 'Approval given' },
  PromotionApproved: { tone: 'good', icon: 'circle-check', word: 'Every gate passed' },
  PromotionBlocked: { tone: 'bad', icon: 'hand-stop', word: 'Blocked' },
  PromotionRejected: { tone: 'bad', icon: 'ban', word: 'Rejected' },
  PromotionCancelled: { tone: 'idle', icon: 'circle-minus', word: 'Cancelled' },
  PromotionQueued: { tone: 'wait', icon: 'list-details', word: 'Waits for its turn' },
  PromotionSuperseded: { tone: 'idle', icon: 'arrow-up', word: 'Superseded' },
  PromotionExpired: { tone: 'idle', icon: 'clock', word: 'Expired' },
  PromotionErrored: { tone: 'bad', icon: 'alert-triangle', word: 'Errored' },
  PromotionStarted: { tone: 'busy', icon: 'rocket', word: 'Deployment started' },
  PromotionDeployed: { tone: 'good', icon: 'circle-check', word: 'Deployed' },
  BreakGlassRequested: { tone: 'wait', icon: 'alert-triangle', word: 'Break-glass asked for' },
  BreakGlassAgreed: { tone: 'wait', icon: 'alert-triangle', word: 'Break-glass agreed to' },
  BreakGlassEnded: { tone: 'idle', icon: 'circle-minus', word: 'Break-glass taken back' },
  BreakGlassLapsed: { tone: 'idle', icon: 'clock', word: 'Break-glass lapsed' },
  GlassBroken: { tone: 'bad', icon: 'alert-triangle', word: 'Passed by break-glass' },
  HotfixTaken: { tone: 'wait', icon: 'alert-triangle', word: 'Phases left out as a hotfix' },
  PromotionFailed: { tone: 'bad', icon: 'circle-x', word: 'Failed' },
}

/** What happened, by the fact that records it. */
export function momentLook({ event, state }: HistoryMoment): Look {
  if (event === 'GatesDecided') {
    const gates = lookOf(GATE, state)
    return { ...gates, word: `Gates decided: ${gates.word.toLowerCase()}` }
  }
  return lookOf(EVENTS, event)
}
