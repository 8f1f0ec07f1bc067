import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { api, take } from './client'
import type { LogLine } from './types'

const PAGE = 1000
/** A page as long as this is not the last one, whatever the server's own limit is. */
const FULL = 100

/** The log of a deployment, growing: each fetch asks only for what came after the last line held. */
export function logQuery(client: QueryClient, id: string) {
  const queryKey = ['deployments', id, 'log'] as const
  return queryOptions({
    queryKey,
    structuralSharing: false,
    queryFn: async (): Promise<readonly LogLine[]> => {
      let lines: readonly LogLine[] = client.getQueryData<readonly LogLine[]>(queryKey) ?? []
      for (;;) {
        const after = lines.at(-1)?.seq ?? 0
        const call = api.GET('/api/v1/deployments/{deployment}/log', {
          params: { path: { deployment: id }, query: { after, limit: PAGE } },
        })
        // oxlint-disable-next-line no-await-in-loop -- each page is asked for after the last line of the one before
        const { items } = await take(call)
        if (items.length > 0) lines = [...lines, ...items]
        if (items.length < FULL) return lines
      }
    },
  })
}
