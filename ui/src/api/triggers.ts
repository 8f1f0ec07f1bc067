import { queryOptions } from '@tanstack/react-query'
import { api, take } from './client'
import { listOf, query } from './queries'

export const triggersQuery = queryOptions({
  queryKey: ['triggers'],
  queryFn: () => take(api.GET('/api/v1/triggers')),
})

/** What became of the events that it answered. */
export const firingsQuery = (trigger: string) =>
  listOf(['triggers', trigger, 'firings'], (cursor) =>
    take(api.GET('/api/v1/triggers/{trigger}/firings', { params: { path: { trigger }, query: query({}, cursor) } })),
  )
