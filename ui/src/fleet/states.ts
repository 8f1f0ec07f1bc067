import type { AgentState } from '../api/types'
import type { Look } from '../widgets/State'

export const AGENT: Readonly<Record<AgentState | 'unknown', Look>> = {
  online: { tone: 'good', icon: 'heartbeat', word: 'Online' },
  offline: { tone: 'bad', icon: 'alert-triangle', word: 'Offline' },
  revoked: { tone: 'idle', icon: 'ban', word: 'Revoked' },
  unknown: { tone: 'open', icon: 'help-circle', word: 'Unknown' },
}
