import { queryOptions } from '@tanstack/react-query'
import { api, take } from './client'

/** One document as it is now, to be changed. */
export const documentQuery = (kind: string, name: string) =>
  queryOptions({
    queryKey: ['documents', kind, name],
    queryFn: () => take(api.GET('/api/v1/documents/{kind}/{name}', { params: { path: { kind, name } } })),
  })
