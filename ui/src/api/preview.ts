import { queryOptions } from '@tanstack/react-query'
import { api, take } from './client'

/** What would happen, asked without asking for it: the server stores nothing. */
export const previewQuery = (
  release: string,
  environment: string,
  hotfix = false,
  changeTicket = '',
  /** All environments that the same request names. */
  together: readonly string[] = [],
) =>
  queryOptions({
    queryKey: ['preview', release, environment, hotfix, changeTicket, together],
    queryFn: () =>
      take(
        api.POST('/api/v1/promotions/preview', {
          body: { release, environment, reason: '', priority: 'normal', hotfix, changeTicket, together: [...together] },
        }),
      ),
    })
