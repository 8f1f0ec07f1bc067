import { queryOptions } from '@tanstack/react-query'
import { api, take } from './client'
import { type Filters, listOf, query } from './queries'

/** The types of steps that there are now: those of plugins come and go. */
export const stepTypesQuery = queryOptions({
  queryKey: ['step-types'],
  queryFn: () => take(api.GET('/api/v1/step-types')),
})

export const workflowsQuery = queryOptions({
  queryKey: ['workflows'],
  queryFn: () => take(api.GET('/api/v1/workflows')),
})

/** version: another one than new runs follow. */
export const workflowQuery = (workflow: string, version?: number) =>
  queryOptions({
    queryKey: ['workflows', workflow, version],
    queryFn: () => take(api.GET('/api/v1/workflows/{workflow}', { params: { path: { workflow }, query: { version } } })),
  })

export const runsQuery = (filters: Filters = {}) =>
  listOf(['runs', filters], (cursor) => take(api.GET('/api/v1/runs', { params: { query: query(filters, cursor) } })))

export const runQuery = (run: string) =>
  queryOptions({
    queryKey: ['runs', run],
    queryFn: () => take(api.GET('/api/v1/runs/{run}', { params: { path: { run } } })),
  })
