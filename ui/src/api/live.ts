import type { QueryClient } from '@tanstack/react-query'
import { touched } from './touched'

export type LiveState = 'connecting' | 'live' | 'reconnecting'

/** At most four times a second, however fast facts come. */
const COALESCE_MS = 250
const RETRY_MS = 3000

/**
 * One stream of facts for the whole console: each makes old what it touches, and what is on screen is fetched anew.
 *
 * The browser repeats Last-Event-ID on its own, so nothing is missed while the line is down; after a break
 * everything on screen is fetched anew all the same. Returns how to end it.
 */
export function followFacts(client: QueryClient, onState: (state: LiveState) => void): () => void {
  let source: EventSource | undefined
  let retry: ReturnType<typeof setTimeout> | undefined
  let flush: ReturnType<typeof setTimeout> | undefined
  let last: string | undefined
  let everLive = false
  const old = new Set<string>()
  let allOld = false

  const tell = () => {
    flush = undefined
    if (allOld) void client.invalidateQueries()
    else for (const key of old) void client.invalidateQueries({ queryKey: [key] })
    old.clear()
    allOld = false
  }
  const soon = () => {
    flush ??= setTimeout(tell, COALESCE_MS)
  }
  const onFact = (event: MessageEvent<string>) => {
    last = event.lastEventId || last
    const keys = touched(kindOf(event.data))
    if (keys === undefined) allOld = true
    else for (const key of keys) old.add(key)
    soon()
  }
  const onSynced = () => {
    onState('live')
    if (everLive) {
      allOld = true
      soon()
    }
    everLive = true
  }
  const open = () => {
    source = new EventSource(last === undefined ? '/api/v1/events' : `/api/v1/events?after=${last}`)
    source.addEventListener('synced', onSynced)
    source.addEventListener('fact', onFact)
    source.addEventListener('error', () => {
      onState(everLive ? 'reconnecting' : 'connecting')
      if (source?.readyState !== EventSource.CLOSED) return
      retry = setTimeout(open, RETRY_MS)
    })
  }
  open()
  return () => {
    source?.close()
    clearTimeout(retry)
    clearTimeout(flush)
  }
}

function kindOf(data: string): string {
  try {
    const fact: unknown = JSON.parse(data)
    if (typeof fact === 'object' && fact !== null && 'kind' in fact) return String(fact.kind)
  } catch {
    // A line cut off on its way: treated as a fact of an unknown kind.
  }
  return ''
}
