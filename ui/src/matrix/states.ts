import type { Drift, Health, Standing } from '../api/types'
import type { Look } from '../widgets/State'

export const HEALTH: Readonly<Record<Health, Look>> = {
  healthy: { tone: 'good', icon: 'heartbeat', word: 'Healthy' },
  unhealthy: { tone: 'bad', icon: 'alert-triangle', word: 'Unhealthy' },
  unknown: { tone: 'open', icon: 'help-circle', word: 'Unknown' },
}

export const DRIFT: Readonly<Record<Drift, Look>> = {
  none: { tone: 'good', icon: 'check', word: 'As deployed' },
  drifted: { tone: 'wait', icon: 'arrows-diff', word: 'Drifted' },
  unknown: { tone: 'open', icon: 'help-circle', word: 'Drift unknown' },
}

/** What runs, judged as if it came today. */
export const standingLook = ({ outcome }: Standing): Look =>
  outcome === 'pass'
    ? { tone: 'good', icon: 'check', word: 'Would be let in today' }
    : outcome === 'blocked'
      ? { tone: 'bad', icon: 'hand-stop', word: 'Would be blocked today' }
      : { tone: 'open', icon: 'help-circle', word: 'Cannot be judged today' }
