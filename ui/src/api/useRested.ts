import { useEffect, useState } from 'react'

/** After the last key. */
const REST_MS = 350

/**
 * What the server says to a question that is typed, asked shortly after typing stops.
 *
 * question: undefined where it is too early to ask. ask: may not throw, and depends on the question alone.
 * Until the newest is answered the answer before it stays, and `isCurrent` says so.
 */
export function useRested<Answer>(
  question: string | undefined,
  ask: (question: string, signal: AbortSignal) => Promise<Answer>,
): { answer: Answer | undefined; isCurrent: boolean } {
  const [asked, setAsked] = useState<{ question: string; answer: Answer }>()
  useEffect(() => {
    if (question === undefined) return undefined
    const abort = new AbortController()
    const run = async () => {
      const answer = await ask(question, abort.signal)
      if (!abort.signal.aborted) setAsked({ question, answer })
    }
    const timer = setTimeout(() => void run(), REST_MS)
    return () => {
      clearTimeout(timer)
      abort.abort()
    }
  }, [question, ask])
  return { answer: asked?.answer, isCurrent: asked?.question === question }
}
