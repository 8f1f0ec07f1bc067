import type { Look } from '../widgets/State'

/** How a followed repository stands. */
export const REPOSITORY: Readonly<Record<string, Look>> = {
  waiting: { tone: 'wait', icon: 'clock', word: 'Not looked at yet' },
  applied: { tone: 'good', icon: 'circle-check', word: 'Applied' },
  refused: { tone: 'bad', icon: 'hand-stop', word: 'Refused' },
  unreachable: { tone: 'open', icon: 'help-circle', word: 'Unreachable' },
}
