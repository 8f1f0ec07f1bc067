/** A text and what it was before. Typing without a rest is one change. */
export interface History {
  past: readonly string[]
  now: string
  future: readonly string[]
  /** When it was typed in last, in milliseconds; undefined where the last change was another one. */
  typedAt: number | undefined
}

const KEPT = 200
const REST_MS = 900

export const begun = (text: string): History => ({ past: [], now: text, future: [], typedAt: undefined })

/** typedAt: of a key; undefined for a change that stands by itself. */
export function changed(history: History, text: string, typedAt?: number): History {
  if (text === history.now) return history
  const goesOn = typedAt !== undefined && history.typedAt !== undefined && typedAt - history.typedAt < REST_MS
  const past = goesOn ? history.past : [...history.past.slice(1 - KEPT), history.now]
  return { past, now: text, future: [], typedAt }
}

export function undone(history: History): History {
  const before = history.past.at(-1)
  if (before === undefined) return history
  return { past: history.past.slice(0, -1), now: before, future: [history.now, ...history.future], typedAt: undefined }
}

export function redone(history: History): History {
  const [after, ...future] = history.future
  if (after === undefined) return history
  return { past: [...history.past, history.now], now: after, future, typedAt: undefined }
}
