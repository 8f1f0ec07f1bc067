import { queryOptions } from '@tanstack/react-query'
import { api, take } from './client'

export const onCallQuery = queryOptions({
  queryKey: ['oncall'],
  queryFn: () => take(api.GET('/api/v1/oncall')),
})

/** A schedule, and who is on call by it in the coming two weeks. */
export const onCallScheduleQuery = (schedule: string) =>
  queryOptions({
    queryKey: ['oncall', schedule],
    queryFn: () => take(api.GET('/api/v1/oncall/{schedule}', { params: { path: { schedule } } })),
  })
