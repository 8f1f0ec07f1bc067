import { queryOptions } from '@tanstack/react-query'
import { api, take } from './client'

export const lifecyclesQuery = queryOptions({
  queryKey: ['lifecycles'],
  queryFn: () => take(api.GET('/api/v1/lifecycles')),
})

/** A lifecycle, and where a release stands in it. */
export const lifecycleQuery = (name: string, release?: string) =>
  queryOptions({
    queryKey: ['lifecycles', name, release],
    queryFn: () =>
      take(api.GET('/api/v1/lifecycles/{name}', { params: { path: { name }, query: { release } } })),
  })
