// What is wrong in images, what is known of it, and who says whether it matters.
import { queryOptions } from '@tanstack/react-query'
import { api, take } from './client'
import { type Filters, listOf, query } from './queries'

/** What every source says of an advisory. */
export const advisoryQuery = (name: string) =>
  queryOptions({
    queryKey: ['where', 'advisory', name],
    queryFn: () => take(api.GET('/api/v1/advisories/{name}', { params: { path: { name } } })),
  })

/** What stored texts say to a question. */
export const answerQuery = (question: string) =>
  queryOptions({
    queryKey: ['where', 'answer', question],
    queryFn: () => take(api.GET('/api/v1/answers', { params: { query: { question } } })),
  })

/** The findings of all scanned images. */
export const allFindingsQuery = (filters: Filters = {}) =>
  listOf(['scans', 'findings', filters], (cursor) =>
    take(api.GET('/api/v1/findings', { params: { query: query(filters, cursor) } })),
  )

/** How many scanned images no advisory was held against yet: what is in them is in no list. */
export const unmatchedQuery = queryOptions({
  queryKey: ['scans', 'findings', 'unmatched'],
  queryFn: async () => (await take(api.GET('/api/v1/findings', { params: { query: { limit: 1 } } }))).unmatched,
})

/** The feeds of VEX that are followed. */
export const vexFeedsQuery = queryOptions({
  queryKey: ['vex', 'feeds'],
  queryFn: () => take(api.GET('/api/v1/vex-feeds')),
})

/** Every VEX document, the newest first. */
export const vexDocumentsQuery = listOf(['vex', 'documents'], (cursor) =>
  take(api.GET('/api/v1/vex', { params: { query: query({}, cursor) } })),
)

export const findingsQuery = (scan: string, filters: Filters = {}) =>
  listOf(['scans', scan, 'findings', filters], (cursor) =>
    take(
      api.GET('/api/v1/scans/{scan}/findings', {
        params: { path: { scan: scan }, query: query(filters, cursor) },
      }),
    ),
  )
