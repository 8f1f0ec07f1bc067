import { State } from './State'

/** On everything that was pretended: nobody shall take it for real. */
export function SimulatedMark() {
  return <State look={{ tone: 'wait', icon: 'flask', word: 'Simulated' }} pill />
}
