import { useReducer } from 'react'
import { api, take } from '../../api/client'
import { problemFrom } from '../../api/refused'
import type { WorkflowFault } from '../../api/types'
import { useRested } from '../../api/useRested'
import { type Config, readText, type Read } from '../../workflow/document'
import { begun, changed, type History, redone, undone } from '../../workflow/history'
import type { Verdict } from './Faults'

type Act = { kind: 'typed' | 'changed'; text: string; at: number } | { kind: 'undo' | 'redo' }

function historyAfter(history: History, act: Act): History {
  switch (act.kind) {
    case 'undo':
      return undone(history)
    case 'redo':
      return redone(history)
    default:
      return changed(history, act.text, act.kind === 'typed' ? act.at : undefined)
  }
}

export type Readable = Extract<Read, { kind: 'read' }>

interface State {
  history: History
  read: Read
  /** What could be read last. */
  shown: Readable
}

const NOTHING: Readable = { kind: 'read', name: '', spec: {}, steps: [] }

function stateOf(history: History, before: Readable): State {
  const read = readText(history.now)
  return { history, read, shown: read.kind === 'read' ? read : before }
}

const first = (text: string) => stateOf(begun(text), NOTHING)
const next = (state: State, act: Act) => stateOf(historyAfter(state.history, act), state.shown)

/** The text that is worked on, what it says, and what the server says of it. The canvas keeps what could be read last. */
export function useDesigner(begin: string) {
  const [{ history, read, shown }, act] = useReducer(next, begin, first)
  const { answer, isCurrent } = useRested(read.kind === 'read' ? JSON.stringify(read.spec) : undefined, faultsOf)
  const verdict: Verdict = {
    isCurrent: isCurrent && answer !== undefined,
    faults: answer ?? [],
    unread: read.kind === 'unread' ? `Line ${read.line ?? '?'}: ${read.words}` : undefined,
  }
  return { text: history.now, canUndo: history.past.length > 0, canRedo: history.future.length > 0, act, read, shown, verdict }
}

async function faultsOf(question: string, signal: AbortSignal): Promise<WorkflowFault[]> {
  try {
    const spec = JSON.parse(question) as Config
    return (await take(api.POST('/api/v1/workflows/check', { body: { spec: { ...spec } }, signal }))).faults
  } catch (error) {
    return [{ place: '', words: `it could not be checked: ${problemFrom(error).title}` }]
  }
}
