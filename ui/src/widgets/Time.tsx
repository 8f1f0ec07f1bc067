import { useSyncExternalStore } from 'react'
import { absolute, relative, type Zone } from '../words/time'

const KEY = 'stella-zone'
const TICK_MS = 15_000
const listeners = new Set<() => void>()
let now = Date.now()
let zone: Zone = readZone()
let timer: ReturnType<typeof setInterval> | undefined

function readZone(): Zone {
  try {
    return localStorage.getItem(KEY) === 'utc' ? 'utc' : 'local'
  } catch {
    return 'local'
  }
}

function tell() {
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  timer ??= setInterval(() => {
    now = Date.now()
    tell()
  }, TICK_MS)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** Milliseconds, moved on every 15 s for all readers at once. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now)
}

export function useZone(): [Zone, (wanted: Zone) => void] {
  const current = useSyncExternalStore(subscribe, () => zone)
  return [
    current,
    (wanted) => {
      zone = wanted
      try {
        localStorage.setItem(KEY, wanted)
      } catch {
        // Remembered for this page only.
      }
      tell()
    },
  ]
}

/** A moment as people say it; the exact one, with its zone, on hover. `exact` turns them round. */
export function Time({ at, exact = false }: { at: string; exact?: boolean }) {
  const moment = useNow()
  const [inZone] = useZone()
  const shown = exact ? absolute(at, inZone) : relative(at, moment)
  return (
    <time dateTime={at} title={exact ? relative(at, moment) : absolute(at, inZone)} className="nowrap">
      {shown}
    </time>
  )
}
