import { queryOptions } from '@tanstack/react-query'
import { api, take } from './client'

/** What a take-down there would take away now, and what is against it. */
export const foreseenQuery = (name: string) =>
  queryOptions({
    queryKey: ['environments', name, 'take-down'],
    queryFn: () => take(api.GET('/api/v1/environments/{name}/take-down', { params: { path: { name } } })),
  })

/** The last take-downs there. */
export const takeDownsQuery = (environment: string) =>
  queryOptions({
    queryKey: ['environments', environment, 'take-downs'],
    queryFn: () => take(api.GET('/api/v1/take-downs', { params: { query: { environment, limit: 5 } } })),
  })
