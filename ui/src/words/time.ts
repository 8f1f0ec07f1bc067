// How moments and durations read. `now` comes in by the door, so that the same moment always reads the same.

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export type Zone = 'local' | 'utc'

/** Clocks are read now and then only: what lies this little ahead has just happened. */
const AHEAD_S = 20

/** "just now", "4 min ago", "in 3 h": the largest unit that is at least one. */
export function relative(at: string, now: number): string {
  const seconds = Math.round((now - Date.parse(at)) / 1000)
  const size = Math.abs(seconds)
  if (seconds < 10 && seconds > -AHEAD_S) return 'just now'
  const text = span(size)
  return seconds > 0 ? `${text} ago` : `in ${text}`
}

/** Seconds as "42 s", "12 min", "5 h", "3 d", "4 mo", "2 y". */
export function span(seconds: number): string {
  if (seconds < MINUTE) return `${Math.floor(seconds)} s`
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h`
  if (seconds < 60 * DAY) return `${Math.floor(seconds / DAY)} d`
  if (seconds < 730 * DAY) return `${Math.floor(seconds / (30 * DAY))} mo`
  return `${Math.floor(seconds / (365 * DAY))} y`
}

/** How long something took: "4.2 s", "3 min 5 s". `end` null: until `now`. */
export function took(start: string, end: string | null, now: number): string {
  const seconds = Math.max(0, ((end ? Date.parse(end) : now) - Date.parse(start)) / 1000)
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < MINUTE) return `${Math.floor(seconds)} s`
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ${Math.floor(seconds % MINUTE)} s`
  return `${Math.floor(seconds / HOUR)} h ${Math.floor((seconds % HOUR) / MINUTE)} min`
}

const two = (value: number) => String(value).padStart(2, '0')

/** "2030-01-31 14:05:09 UTC" or the same moment in the reader's zone with its offset. */
export function absolute(at: string, zone: Zone): string {
  const moment = new Date(at)
  if (Number.isNaN(moment.getTime())) return at
  if (zone === 'utc') return `${moment.toISOString().slice(0, 19).replace('T', ' ')} UTC`
  return `${day(moment)} ${clock(at, 'local')} ${offset(moment)}`
}

/** What a browser's field for a time holds, in the reader's zone, as the API wants it. */
export function momentOf(local: string): string | undefined {
  const parsed = new Date(local)
  return local === '' || Number.isNaN(parsed.getTime()) ? undefined : parsed.toISOString()
}

/** Hours to seconds, as a log wants it. */
export function clock(at: string, zone: Zone): string {
  const moment = new Date(at)
  if (zone === 'utc') return moment.toISOString().slice(11, 19)
  return `${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`
}

function day(moment: Date): string {
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`
}

function offset(moment: Date): string {
  const minutes = -moment.getTimezoneOffset()
  if (minutes === 0) return 'UTC'
  const size = Math.abs(minutes)
  return `UTC${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}
