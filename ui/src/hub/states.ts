import type { Integration, Message } from '../api/types'
import type { Look } from '../widgets/State'

export const OUTCOME: Readonly<Record<string, Look>> = {
  pass: { tone: 'good', icon: 'circle-check', word: 'Works' },
  blocked: { tone: 'bad', icon: 'circle-x', word: 'Fails' },
  unknown: { tone: 'open', icon: 'help-circle', word: 'Unknown' },
}

const OFF: Look = { tone: 'idle', icon: 'ban', word: 'Switched off' }
const ALONE: Look = { tone: 'wait', icon: 'clock', word: 'Left alone' }
const UNSEEN: Look = { tone: 'open', icon: 'help-circle', word: 'Not looked at' }

/** How an integration is now. Switched off and left alone come first: nothing asks it then. */
export function lookOfHealth(one: Pick<Integration, 'enabled' | 'leftAloneUntil' | 'health'>): Look {
  if (!one.enabled) return OFF
  if (one.leftAloneUntil !== null) return ALONE
  if (one.health === null) return UNSEEN
  return OUTCOME[one.health.outcome] ?? { ...UNSEEN, word: one.health.outcome }
}

/** What became of a message; one that waits after an attempt is tried again. */
export function lookOfMessage({ state, attempts }: Pick<Message, 'state' | 'attempts'>): Look {
  if (state === 'sent') return { tone: 'good', icon: 'circle-check', word: 'Sent' }
  if (state === 'failed') return { tone: 'bad', icon: 'circle-x', word: 'Given up' }
  return { tone: 'wait', icon: 'clock', word: attempts > 0 ? 'Is tried again' : 'Waits' }
}

/** A delivery of a webhook. Ignored is no failure: it does not concern us. */
export const DELIVERY: Readonly<Record<string, Look>> = {
  queued: { tone: 'busy', icon: 'clock', word: 'Queued' },
  handled: { tone: 'good', icon: 'circle-check', word: 'Handled' },
  ignored: { tone: 'idle', icon: 'circle-minus', word: 'Ignored' },
  failed: { tone: 'bad', icon: 'circle-x', word: 'Failed' },
}

/** How often, as one says it. */
export const times = (count: number): string => (count === 1 ? 'once' : `${count} times`)

/** Why a delivery was refused at the door, as people understand the codes. */
const REFUSALS: Readonly<Record<string, string>> = {
  'ST-WHK-001': 'not signed with its secret',
  'ST-WHK-002': 'signed too long ago, or ahead of time',
  'ST-WHK-003': 'signed, and not what its service says',
  'ST-HUB-004': 'sent while it was switched off',
  'ST-HUB-013': 'above its limit of requests',
}

export const refusalWord = (code: string): string => REFUSALS[code] ?? 'could not be verified at that moment'

/** Kinds of integrations that are written by their first letters. */
const SHORT: ReadonlySet<string> = new Set(['ci', 'scm'])

/** A kind of integrations within a sentence. */
export const kindWithin = (kind: string): string => (SHORT.has(kind) ? kind.toUpperCase() : kind.replaceAll('_', ' '))

/** A kind of integrations where it stands alone or comes first. */
export const kindWord = (kind: string): string => {
  const word = kindWithin(kind)
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`
}

/** What a plugin asks for, as people understand it. */
const CAPABILITIES: Readonly<Record<string, string>> = {
  network: 'the network',
  read_secret: 'secrets of its integrations',
  files: 'files',
  run_command: 'to run commands',
  docker: 'the Docker Engine',
}

export const capabilityWord = (capability: string): string => CAPABILITIES[capability] ?? capability
