import { api, take } from '../../api/client'
import { problemFrom } from '../../api/refused'
import type { AppliedDocument, Problem } from '../../api/types'
import { useRested } from '../../api/useRested'

type Read = Readonly<Record<string, string>>

export interface Judged {
  changes?: readonly AppliedDocument[]
  problem?: Problem
}

const NOTHING: Judged = {}

/** What applying the text would change, asked shortly after typing stops. The verdict before stays until then. */
export function useWritten(text: string, read: Read): { judged: Judged; isCurrent: boolean } {
  const { answer, isCurrent } = useRested(JSON.stringify([text, read]), verdictOn)
  return { judged: answer ?? NOTHING, isCurrent }
}

async function verdictOn(question: string, signal: AbortSignal): Promise<Judged> {
  const [text, read] = JSON.parse(question) as [string, Read]
  try {
    const { changes } = await take(api.POST('/api/v1/apply', { body: written(text, read, true), signal }))
    return { changes }
  } catch (error) {
    return { problem: problemFrom(error) }
  }
}

/** The body that applies a text, by hand: what an owner keeps is refused. */
export function written(text: string, read: Read, dryRun: boolean) {
  return { documents: [], text, read: { ...read }, dryRun, owner: null, takeOver: false, prune: false }
}
