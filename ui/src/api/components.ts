import { queryOptions } from '@tanstack/react-query'
import { api, take } from './client'
import { query } from './queries'

export const releaseComponentsQuery = queryOptions({
  queryKey: ['components'],
  queryFn: () => take(api.GET('/api/v1/release-components')),
})

export const releaseComponentQuery = (name: string) =>
  queryOptions({
    queryKey: ['components', name],
    queryFn: () => take(api.GET('/api/v1/release-components/{name}', { params: { path: { name } } })),
  })

/** What its registry has of it: asked outside, so not anew with every fact. `channel`: '' for its own rule. */
export const componentVersionsQuery = (name: string, channel: string) =>
  queryOptions({
    queryKey: ['component-versions', name, channel],
    queryFn: () =>
      take(api.GET('/api/v1/release-components/{name}/versions', { params: { path: { name }, query: { channel } } })),
    staleTime: 60_000,
    retry: false,
  })

/** What one version is now, as a release would take it: asked when somebody wants to know. */
export const resolvedVersionQuery = (name: string, version: string, channel: string) =>
  queryOptions({
    queryKey: ['component-versions', name, channel, version],
    queryFn: () =>
      take(
        api.GET('/api/v1/release-components/{name}/versions/{version}', {
          params: { path: { name, version }, query: { channel } },
        }),
      ),
    staleTime: 60_000,
    retry: false,
  })

export const templatesQuery = queryOptions({
  queryKey: ['components', '+templates'],
  queryFn: () => take(api.GET('/api/v1/release-templates')),
})

/** The last releases that hold a component of that name. */
export const releasesWithQuery = (component: string) =>
  queryOptions({
    queryKey: ['releases', 'with', component],
    queryFn: () => take(api.GET('/api/v1/releases', { params: { query: { ...query({ component }) } } })),
  })

/** What making it now would seal; the server stores nothing. `versions`: component -> by hand. */
export const templatePreviewQuery = (template: string, versions: Readonly<Record<string, string>>, channel: string) =>
  queryOptions({
    queryKey: ['component-versions', '+preview', template, versions, channel],
    queryFn: () => take(api.POST('/api/v1/releases/from-template/preview', { body: { template, versions, channel } })),
    staleTime: 30_000,
    retry: false,
  })
