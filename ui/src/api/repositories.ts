import { queryOptions } from '@tanstack/react-query'
import { api, take } from './client'

export const repositoriesQuery = queryOptions({
  queryKey: ['repositories'],
  queryFn: () => take(api.GET('/api/v1/repositories')),
})
