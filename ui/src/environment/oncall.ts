import type { OnCallLayer, Shift } from '../api/types'

const PREFIX = 'oncall:'

/** The schedule that an approver of a rule means; undefined where it is a user or a role. */
export function scheduleOf(approver: string): string | undefined {
  return approver.startsWith(PREFIX) ? approver.slice(PREFIX.length) : undefined
}

/** "ann", or "nobody". */
export const whoOf = ({ person }: Shift): string => person ?? 'nobody'

/** When people of a layer take over: "every 7 days from 2030-01-07 09:00". */
export function turnText({ starts, handover, days, hours }: OnCallLayer): string {
  const from = `from ${starts.replace('T', ' ')}`
  if (handover !== null) return `${handover}, ${from}`
  const [number, unit] = days === null ? [hours ?? 0, 'hour'] : [days, 'day']
  return `every ${number === 1 ? unit : `${number} ${unit}s`} ${from}`
}

/** Where a layer is for some hours only: "20:00 to 08:00 on SA, SU". */
export function hoursText({ only }: OnCallLayer): string {
  const parts = only.map(
    ({ from, until, days }) => `${from} to ${until}${days.length === 0 ? '' : ` on ${days.join(', ')}`}`,
  )
  return parts.length === 0 ? 'always' : parts.join('; ')
}
