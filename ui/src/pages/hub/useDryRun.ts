import { api, take } from '../../api/client'
import { problemFrom } from '../../api/refused'
import type { Change, Problem } from '../../api/types'
import { useRested } from '../../api/useRested'
import { BY_HAND } from '../../hub/draft'
import { reasonsOf } from '../../hub/reasons'
import { isObject } from '../../words/object'

/** The document itself is wrong, and each reason has a place in it. */
const MALFORMED = new Set(['ST-HUB-002', 'ST-REL-008'])

export type Verdict =
  | { kind: 'none' }
  | { kind: 'fine'; change: string; diff: readonly Change[] }
  | { kind: 'refused'; reasons: readonly string[] }
  /** It is not the document: the server cannot be reached, the reader may not. */
  | { kind: 'unasked'; problem: Problem }

const NONE: Verdict = { kind: 'none' }

/**
 * What the server would say to the document, asked shortly after typing stops; nothing is applied.
 *
 * document: undefined where it is too early to ask. again: another number asks anew, as where a secret was stored.
 * Until the answer to the newest question is there, the verdict before it stays, and `isCurrent` says so.
 */
export function useDryRun(document: object | undefined, again: number): { verdict: Verdict; isCurrent: boolean } {
  const question = document === undefined ? undefined : `${again} ${JSON.stringify(document)}`
  const { answer, isCurrent } = useRested(question, verdictOn)
  if (question === undefined) return { verdict: NONE, isCurrent: true }
  return { verdict: answer ?? NONE, isCurrent }
}

async function verdictOn(question: string, signal: AbortSignal): Promise<Verdict> {
  const asking: unknown = JSON.parse(question.slice(question.indexOf(' ') + 1))
  const documents = [isObject(asking) ? asking : {}]
  try {
    const { changes } = await take(api.POST('/api/v1/apply', { body: { ...BY_HAND, documents, dryRun: true }, signal }))
    return { kind: 'fine', change: changes[0]?.change ?? 'unchanged', diff: changes[0]?.diff ?? [] }
  } catch (error) {
    const problem = problemFrom(error)
    return MALFORMED.has(problem.code)
      ? { kind: 'refused', reasons: reasonsOf(problem) }
      : { kind: 'unasked', problem }
  }
}
