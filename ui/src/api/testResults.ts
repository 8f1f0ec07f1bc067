import { queryOptions } from '@tanstack/react-query'
import { api, take } from './client'

/** Results of tests of an image or of the index around it, the newest first. */
export const testResultsQuery = (image: string) =>
  queryOptions({
    queryKey: ['test-results', image],
    queryFn: () => take(api.GET('/api/v1/test-results', { params: { query: { image, limit: 100 } } })),
  })
