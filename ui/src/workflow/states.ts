import type { Look } from '../widgets/State'

export const RUN: Readonly<Record<string, Look>> = {
  queued: { tone: 'idle', icon: 'circle-dashed', word: 'Queued' },
  running: { tone: 'busy', icon: 'loader-2', word: 'Running', spin: true },
  undoing: { tone: 'wait', icon: 'arrow-back-up', word: 'Undoing' },
  finishing: { tone: 'busy', icon: 'loader-2', word: 'Finishing', spin: true },
  succeeded: { tone: 'good', icon: 'circle-check', word: 'Succeeded' },
  failed: { tone: 'bad', icon: 'circle-x', word: 'Failed' },
  errored: { tone: 'bad', icon: 'alert-triangle', word: 'Errored' },
  cancelled: { tone: 'idle', icon: 'circle-minus', word: 'Cancelled' },
}

/** What became of an event that a trigger answered. */
export const FIRING: Readonly<Record<string, Look>> = {
  started: { tone: 'good', icon: 'player-play', word: 'Started a run' },
  refused: { tone: 'bad', icon: 'circle-x', word: 'Could not start' },
  missed: { tone: 'wait', icon: 'clock', word: 'Missed' },
}

export const STEP: Readonly<Record<string, Look>> = {
  queued: { tone: 'idle', icon: 'circle-dashed', word: 'Queued' },
  ready: { tone: 'busy', icon: 'clock', word: 'Ready' },
  running: { tone: 'busy', icon: 'loader-2', word: 'Running', spin: true },
  waiting: { tone: 'wait', icon: 'clock', word: 'Waiting' },
  retrying: { tone: 'wait', icon: 'refresh', word: 'Tried again soon' },
  asking: { tone: 'open', icon: 'help-circle', word: 'Asking' },
  succeeded: { tone: 'good', icon: 'circle-check', word: 'Succeeded' },
  failed: { tone: 'bad', icon: 'circle-x', word: 'Failed' },
  errored: { tone: 'bad', icon: 'alert-triangle', word: 'Errored' },
  skipped: { tone: 'idle', icon: 'circle-minus', word: 'Skipped' },
  unreached: { tone: 'idle', icon: 'ban', word: 'Not reached' },
  cancelled: { tone: 'idle', icon: 'circle-minus', word: 'Cancelled' },
}

/** A step that waits for a person is another thing than one that waits for a time. */
export const FOR_A_PERSON: Look = { tone: 'open', icon: 'user', word: 'Waits for a person' }

const MENDABLE = new Set(['failed', 'errored', 'cancelled'])

/** Why a run cannot be done again from where it broke; undefined where it can. */
export function whyNotAgain(run: { isOver: boolean; state: string }): string | undefined {
  if (!run.isOver) return 'It is still on its way'
  return MENDABLE.has(run.state) ? undefined : 'All of it went well: choose a step to begin from, or start a new run'
}
