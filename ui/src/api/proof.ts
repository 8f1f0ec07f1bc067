import { queryOptions } from '@tanstack/react-query'
import { api, take } from './client'

/** How who reads can prove anew who they are. */
export const proofQuery = queryOptions({
  queryKey: ['proof'],
  queryFn: () => take(api.GET('/api/v1/session/proof')),
  staleTime: 0,
})
