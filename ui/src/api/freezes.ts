import { queryOptions } from '@tanstack/react-query'
import { api, take } from './client'

export const freezeCalendarQuery = (environment: string) =>
  queryOptions({
    queryKey: ['environments', environment, 'calendar'],
    queryFn: () => take(api.GET('/api/v1/freezes/calendar', { params: { query: { environment } } })),
  })

/** What is frozen in the coming days: everywhere, or in one environment. */
export const calendarQuery = (days: number, environment?: string) =>
  queryOptions({
    queryKey: ['environments', 'calendar', days, environment],
    queryFn: () => take(api.GET('/api/v1/freezes/calendar', { params: { query: { days, environment } } })),
  })
