import { useEffect, useState } from 'react'
import { api, take } from '../../api/client'
import { problemFrom } from '../../api/refused'
import type { AppliedDocument, Problem } from '../../api/types'

/** After the last key. */
const REST_MS = 400

export interface Judged {
  /** Of which text this is said. */
  text: string
  changes?: readonly AppliedDocument[]
  problem?: Problem
}

/** What applying the text would change, asked shortly after typing stops. The verdict before stays until then. */
export function useWritten(text: string, read: Readonly<Record<string, string>>): { judged: Judged; isCurrent: boolean } {
  const [judged, setJudged] = useState<Judged>({ text: '' })
  const basis = JSON.stringify(read)
  useEffect(() => {
    const abort = new AbortController()
    const ask = async () => {
      const found = await verdictOn(text, JSON.parse(basis) as Record<string, string>, abort.signal)
      if (!abort.signal.aborted) setJudged(found)
    }
    const timer = setTimeout(() => void ask(), REST_MS)
    return () => {
      clearTimeout(timer)
      abort.abort()
    }
  }, [text, basis])
  return { judged, isCurrent: judged.text === text }
}

async function verdictOn(text: string, read: Record<string, string>, signal: AbortSignal): Promise<Judged> {
  try {
    const { changes } = await take(api.POST('/api/v1/apply', { body: written(text, read, true), signal }))
    return { text, changes }
  } catch (error) {
    return { text, problem: problemFrom(error) }
  }
}

/** The body that applies a text, by hand: what an owner keeps is refused. */
export function written(text: string, read: Readonly<Record<string, string>>, dryRun: boolean) {
  return { documents: [], text, read: { ...read }, dryRun, owner: null, takeOver: false, prune: false }
}
