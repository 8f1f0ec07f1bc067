import type { DeploymentState, StepState, TakeDownState, TargetState } from '../api/types'
import type { Look } from '../widgets/State'

export const DEPLOYMENT: Readonly<Record<DeploymentState, Look>> = {
  running: { tone: 'busy', icon: 'loader-2', word: 'Running', spin: true },
  undoing: { tone: 'wait', icon: 'arrow-back-up', word: 'Undoing' },
  succeeded: { tone: 'good', icon: 'circle-check', word: 'Succeeded' },
  failed: { tone: 'bad', icon: 'circle-x', word: 'Failed' },
  errored: { tone: 'bad', icon: 'alert-triangle', word: 'Errored' },
}

export const TAKE_DOWN: Readonly<Record<TakeDownState, Look>> = {
  running: { tone: 'busy', icon: 'loader-2', word: 'Taking down', spin: true },
  succeeded: { tone: 'good', icon: 'circle-check', word: 'Taken down' },
  failed: { tone: 'bad', icon: 'circle-x', word: 'Failed' },
  errored: { tone: 'bad', icon: 'alert-triangle', word: 'Errored' },
}

export const TARGET: Readonly<Record<TargetState, Look>> = {
  pending: { tone: 'idle', icon: 'circle-dashed', word: 'Pending' },
  ready: { tone: 'busy', icon: 'clock', word: 'Ready' },
  ordered: { tone: 'busy', icon: 'clock', word: 'Ordered' },
  running: { tone: 'busy', icon: 'loader-2', word: 'Running', spin: true },
  succeeded: { tone: 'good', icon: 'circle-check', word: 'Succeeded' },
  failed: { tone: 'bad', icon: 'circle-x', word: 'Failed' },
  errored: { tone: 'bad', icon: 'alert-triangle', word: 'Errored' },
  cancelled: { tone: 'idle', icon: 'circle-minus', word: 'Cancelled' },
}

export const STEP: Readonly<Record<StepState, Look>> = {
  queued: { tone: 'idle', icon: 'circle-dashed', word: 'Queued' },
  running: { tone: 'busy', icon: 'loader-2', word: 'Running', spin: true },
  passed: { tone: 'good', icon: 'circle-check', word: 'Passed' },
  failed: { tone: 'bad', icon: 'circle-x', word: 'Failed' },
  errored: { tone: 'bad', icon: 'alert-triangle', word: 'Errored' },
  cancelled: { tone: 'idle', icon: 'circle-minus', word: 'Cancelled' },
}

export const isLive = (state: DeploymentState): boolean => state === 'running' || state === 'undoing'
