import { queryOptions } from '@tanstack/react-query'
import { api, take } from './client'

/** What waits for the reader, in groups that one word approves. */
export const alikeQuery = queryOptions({
  queryKey: ['promotions', 'alike'],
  queryFn: () => take(api.GET('/api/v1/promotions/alike')),
})

/** What waits at all: with why it takes no word of the reader, where it does not. */
export const waitingQuery = queryOptions({
  queryKey: ['promotions', 'waiting'],
  queryFn: () => take(api.GET('/api/v1/promotions', { params: { query: { state: 'waiting', limit: 100 } } })),
})
