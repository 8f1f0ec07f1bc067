import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, newKey, take } from '../../api/client'
import { problemFrom } from '../../api/refused'
import type { Problem, Promotion } from '../../api/types'
import { useAct } from '../../api/useAct'
import type { Outcome } from '../../promotion/inbox'

export type Outcomes = ReadonlyMap<string, Outcome>

interface Words {
  run: (comment: string) => void
  busy: boolean
  problem: Problem | undefined
  /** promotion -> what became of it; undefined before anything did. */
  outcomes: Outcomes | undefined
}

/** One yes to all plans, or to none. plans: promotion -> plan digest. prove: gives the password where one was typed. */
export function useApproveAlike(
  plans: ReadonlyMap<string, string>,
  standsFor: string | null,
  prove: () => Promise<void>,
): Words {
  const [outcomes, setOutcomes] = useState<Outcomes>()
  const act = useAct(
    async (comment: string, headers) => {
      await prove()
      const seen = Array.from(plans, ([promotion, planDigest]) => ({ promotion, planDigest }))
      return take(api.POST('/api/v1/promotions/approve', { body: { plans: seen, comment, standsFor }, headers }))
    },
    ({ items }) => setOutcomes(new Map(items.map(({ id }) => [id, { kind: 'done' }]))),
  )
  return { run: act.run, busy: act.busy, problem: act.problem, outcomes }
}

/** A no to each by itself: what one is refused for stops no other. */
export function useRejectEach(promotions: readonly Promotion[]): Words {
  const client = useQueryClient()
  const [outcomes, setOutcomes] = useState<Outcomes>()
  const [busy, setBusy] = useState(false)
  // The same for a repeated try of the same one, so that it counts once.
  const [keys] = useState(() => new Map(promotions.map(({ id }) => [id, newKey()])))
  const set = (id: string, outcome: Outcome) => setOutcomes((now) => new Map([...(now ?? []), [id, outcome]]))
  const run = async (comment: string) => {
    setBusy(true)
    setOutcomes(new Map(promotions.map(({ id }) => [id, { kind: 'open' }])))
    for (const { id } of promotions) {
      set(id, { kind: 'sending' })
      // oxlint-disable-next-line no-await-in-loop -- one after the other: what each became is told before the next
      set(id, await rejected(id, comment, keys.get(id) ?? newKey()))
    }
    setBusy(false)
    await client.invalidateQueries()
  }
  return { run: (comment) => void run(comment), busy, problem: undefined, outcomes }
}

async function rejected(promotion: string, comment: string, key: string): Promise<Outcome> {
  const params = { path: { promotion } }
  const headers = { 'Idempotency-Key': key }
  try {
    await take(api.POST('/api/v1/promotions/{promotion}/reject', { params, body: { comment }, headers }))
    return { kind: 'done' }
  } catch (error) {
    return { kind: 'refused', problem: problemFrom(error) }
  }
}
