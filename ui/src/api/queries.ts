import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, take } from './client'
import type { Page } from './types'

/** Filters as they stand in the address bar: an absent one is not sent. */
export type Filters<Key extends string = string> = Readonly<Partial<Record<Key, string | undefined>>>

const PAGE = 50

/** A list that goes on: pages of `Page<T>`, fetched by the server's own cursor. */
export function listOf<T>(key: readonly unknown[], fetchPage: (cursor: string | undefined) => Promise<Page<T>>) {
  return infiniteQueryOptions({
    queryKey: key,
    queryFn: ({ pageParam }) => fetchPage(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  })
}

export const query = (filters: Filters, cursor?: string) => ({ ...filters, cursor, limit: PAGE })

export const versionQuery = queryOptions({
  queryKey: ['version'],
  queryFn: () => take(api.GET('/api/v1/version')),
  staleTime: Infinity,
})

/** How people may sign in; asked by those who are not. */
export const waysQuery = queryOptions({
  queryKey: ['ways'],
  queryFn: () => take(api.GET('/api/v1/session/ways')),
  staleTime: 60_000,
})

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: () => take(api.GET('/api/v1/me')),
  staleTime: 60_000,
})

export const matrixQuery = queryOptions({
  queryKey: ['matrix'],
  queryFn: () => take(api.GET('/api/v1/matrix')),
})

/** How far a vulnerability reaches, over all scanned images. */
export const radiusQuery = (name: string) =>
  queryOptions({
    queryKey: ['where', 'vulnerability', name],
    queryFn: () => take(api.GET('/api/v1/vulnerabilities/{name}', { params: { path: { name } } })),
  })

/** The first images that hold a component of that name. */
export const componentsQuery = (name: string) =>
  queryOptions({
    queryKey: ['where', 'component', name],
    queryFn: () => take(api.GET('/api/v1/components', { params: { query: { name, limit: 100 } } })),
  })

/** By which advisories the server matches. */
export const knownQuery = queryOptions({
  queryKey: ['where', 'known'],
  queryFn: () => take(api.GET('/api/v1/advisories')),
  staleTime: 60_000,
})

export const environmentsQuery = queryOptions({
  queryKey: ['environments'],
  queryFn: () => take(api.GET('/api/v1/environments')),
})

export const environmentQuery = (name: string) =>
  queryOptions({
    queryKey: ['environments', name],
    queryFn: () => take(api.GET('/api/v1/environments/{name}', { params: { path: { name } } })),
  })

/** The waivers of one environment, those that are over left out. */
export const waiversQuery = (environment: string) =>
  queryOptions({
    queryKey: ['waivers', environment],
    queryFn: () =>
      take(
        api.GET('/api/v1/waivers', { params: { query: { environment, state: 'requested,standing', limit: 500 } } }),
      ),
  })

export const policyQuery = (name: string) =>
  queryOptions({
    queryKey: ['policies', name],
    queryFn: () => take(api.GET('/api/v1/policies/{name}', { params: { path: { name } } })),
  })

export const releasesQuery = (filters: Filters = {}) =>
  listOf(['releases', filters], (cursor) =>
    take(api.GET('/api/v1/releases', { params: { query: query(filters, cursor) } })),
  )

export const releaseQuery = (id: string) =>
  queryOptions({
    queryKey: ['releases', id],
    queryFn: () => take(api.GET('/api/v1/releases/{release}', { params: { path: { release: id } } })),
  })

/** What a release's variables say at a place. */
export const variablesQuery = (id: string, place: { environment: string; target: string; component: string }) =>
  queryOptions({
    queryKey: ['releases', id, 'variables', place],
    queryFn: () =>
      take(
        api.GET('/api/v1/releases/{release}/variables', {
          params: {
            path: { release: id },
            query: {
              environment: place.environment,
              target: place.target || undefined,
              component: place.component || undefined,
            },
          },
        }),
      ),
  })

export const revisionsQuery = (id: string) =>
  queryOptions({
    queryKey: ['releases', id, 'revisions'],
    queryFn: () => take(api.GET('/api/v1/releases/{release}/revisions', { params: { path: { release: id } } })),
  })

export const releaseDiffQuery = (id: string, other: string) =>
  queryOptions({
    queryKey: ['releases', id, 'diff', other],
    queryFn: () => take(api.GET('/api/v1/releases/{release}/diff/{other}', { params: { path: { release: id, other } } })),
    staleTime: Infinity,
  })

/** What was committed since the release before: the server asks outside for it, so it is asked once. */
export const releaseChangesQuery = (id: string) =>
  queryOptions({
    queryKey: ['releases', id, 'changes'],
    queryFn: () => take(api.GET('/api/v1/releases/{release}/changes', { params: { path: { release: id } } })),
    staleTime: Infinity,
    retry: false,
  })

/** What one platform image is beside its packages; a scan never changes, only the day does. */
export const imageQuery = (scan: string) =>
  queryOptions({
    queryKey: ['scans', scan, 'image'],
    queryFn: () => take(api.GET('/api/v1/scans/{scan}/image', { params: { path: { scan } } })),
    staleTime: 60_000,
  })

/** `mine` is the page's word for what waits for this reader. */
export function promotionFilters({ mine, ...rest }: Filters): Filters {
  return mine === undefined ? rest : { ...rest, waitingForMe: 'true' }
}

export const promotionsQuery = (filters: Filters = {}) =>
  listOf(['promotions', filters], (cursor) =>
    take(api.GET('/api/v1/promotions', { params: { query: query(filters, cursor) } })),
  )

export const promotionQuery = (id: string) =>
  queryOptions({
    queryKey: ['promotions', id],
    queryFn: () => take(api.GET('/api/v1/promotions/{promotion}', { params: { path: { promotion: id } } })),
  })

export const deploymentsQuery = (filters: Filters = {}) =>
  listOf(['deployments', filters], (cursor) =>
    take(api.GET('/api/v1/deployments', { params: { query: query(filters, cursor) } })),
  )

export const deploymentQuery = (id: string) =>
  queryOptions({
    queryKey: ['deployments', id],
    queryFn: () => take(api.GET('/api/v1/deployments/{deployment}', { params: { path: { deployment: id } } })),
  })

export const agentsQuery = queryOptions({
  queryKey: ['agents'],
  queryFn: () => take(api.GET('/api/v1/agents')),
})

export const evidenceListQuery = (filters: Filters = {}) =>
  listOf(['evidence', filters], (cursor) =>
    take(api.GET('/api/v1/evidence', { params: { query: query(filters, cursor) } })),
  )

/** One packet, verified while the reader waits. Each reading is a fact, so it is read when somebody asks, only then. */
export const evidenceQuery = (id: string) =>
  queryOptions({
    queryKey: ['packet', id],
    staleTime: Infinity,
    queryFn: () => take(api.GET('/api/v1/evidence/{evidence}', { params: { path: { evidence: id } } })),
  })

export const factsQuery = (filters: Filters = {}) =>
  listOf(['facts', filters], (cursor) =>
    take(api.GET('/api/v1/facts', { params: { query: { ...query(filters, cursor), newest: true } } })),
  )

export const chainQuery = queryOptions({
  queryKey: ['facts', 'chain'],
  queryFn: () => take(api.GET('/api/v1/audit/verify')),
  staleTime: 60_000,
})

export const usersQuery = queryOptions({
  queryKey: ['users'],
  queryFn: () => take(api.GET('/api/v1/users')),
})

export const tokensQuery = queryOptions({
  queryKey: ['tokens'],
  queryFn: () => take(api.GET('/api/v1/tokens')),
})

export const signInsQuery = queryOptions({
  queryKey: ['sign-ins'],
  queryFn: () => take(api.GET('/api/v1/sign-ins')),
})

export const machineLoginsQuery = queryOptions({
  queryKey: ['machine-logins'],
  queryFn: () => take(api.GET('/api/v1/machine-logins')),
})

export const machinesQuery = queryOptions({
  queryKey: ['machines'],
  queryFn: () => take(api.GET('/api/v1/machines')),
})

/** The last facts of one kind, the newest first. */
export const lastFactsQuery = (kind: string) =>
  queryOptions({
    queryKey: ['facts', 'last', kind],
    queryFn: () => take(api.GET('/api/v1/facts', { params: { query: { kind, newest: true, limit: 10 } } })),
  })

export const doctorQuery = queryOptions({
  queryKey: ['doctor'],
  queryFn: () => take(api.GET('/api/v1/doctor')),
})

export const integrationsQuery = queryOptions({
  queryKey: ['integrations'],
  queryFn: () => take(api.GET('/api/v1/integrations')),
})

export const integrationQuery = (name: string) =>
  queryOptions({
    queryKey: ['integrations', name],
    queryFn: () => take(api.GET('/api/v1/integrations/{name}', { params: { path: { name } } })),
  })

export const integrationHealthQuery = (name: string) =>
  queryOptions({
    queryKey: ['integrations', name, 'health'],
    queryFn: () => take(api.GET('/api/v1/integrations/{name}/health', { params: { path: { name } } })),
  })

export const notificationsQuery = queryOptions({
  queryKey: ['notifications'],
  queryFn: () => take(api.GET('/api/v1/notifications')),
})

export const sentMessagesQuery = queryOptions({
  queryKey: ['notifications', 'sent'],
  queryFn: () => take(api.GET('/api/v1/notifications/sent', { params: { query: { limit: 100 } } })),
})

export const webhookQuery = (integration: string) =>
  queryOptions({
    queryKey: ['webhooks', 'of', integration],
    queryFn: () => take(api.GET('/api/v1/webhooks/{integration}', { params: { path: { integration } } })),
  })

export const deliveriesQuery = (filters: Filters = {}) =>
  listOf(['webhooks', filters], (cursor) =>
    take(api.GET('/api/v1/webhook-deliveries', { params: { query: query(filters, cursor) } })),
  )

/** Only for those who may change secrets: asking in vain would be recorded as a refusal. */
export const secretsQuery = queryOptions({
  queryKey: ['secrets'],
  queryFn: () => take(api.GET('/api/v1/secrets')),
})

export const pluginsQuery = queryOptions({
  queryKey: ['plugins'],
  queryFn: () => take(api.GET('/api/v1/plugins')),
})
