import type { FreezeWindow } from '../api/types'
import type { Zone } from '../words/time'

/** How many weeks the calendar shows, and days. */
export const FREEZE_WEEKS = 6
export const FREEZE_DAYS = FREEZE_WEEKS * 7

/** A day of the calendar; begins and ends are moments in milliseconds, the end not part of it. */
export interface Day {
  key: string
  number: number
  /** "January", on the first day of a month and of the calendar. */
  month: string | undefined
  begins: number
  ends: number
}

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']

/** Whole weeks from the Monday at or before ``now``, on the clock of that zone. */
export function weeksFrom(now: number, count: number, zone: Zone): Day[][] {
  const start = new Date(now)
  const isUtc = zone === 'utc'
  const [year, month, date, weekday] = isUtc
    ? [start.getUTCFullYear(), start.getUTCMonth(), start.getUTCDate(), start.getUTCDay()]
    : [start.getFullYear(), start.getMonth(), start.getDate(), start.getDay()]
  const monday = date - ((weekday + 6) % 7)
  // By the calendar and not by hours: a day of the clock's change has 23 or 25 of them.
  const midnight = (offset: number) =>
    isUtc ? Date.UTC(year, month, monday + offset) : new Date(year, month, monday + offset).getTime()
  return Array.from({ length: count }, (_, week) =>
    Array.from({ length: 7 }, (__, weekDay) => {
      const offset = week * 7 + weekDay
      const begins = midnight(offset)
      const at = new Date(begins)
      const number = isUtc ? at.getUTCDate() : at.getDate()
      const name = MONTHS[isUtc ? at.getUTCMonth() : at.getMonth()]
      return {
        key: String(begins),
        number,
        month: number === 1 || offset === 0 ? name : undefined,
        begins,
        ends: midnight(offset + 1),
      }
    }),
  )
}

/** Those that freeze a part of the day. */
export function windowsOn(day: Day, windows: readonly FreezeWindow[]): FreezeWindow[] {
  return windows.filter(({ startsAt, endsAt }) => Date.parse(startsAt) < day.ends && day.begins < Date.parse(endsAt))
}

/** "prod, stage", "everything", "web in prod". */
export function whatIsFrozen({ environments, components }: Pick<FreezeWindow, 'environments' | 'components'>): string {
  const where = environments.length === 0 ? 'everything' : environments.join(', ')
  if (components.length === 0) return where
  return environments.length === 0 ? `${components.join(', ')} everywhere` : `${components.join(', ')} in ${where}`
}
