import { useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { ACTIONS } from './actions'

const SEQUENCE_MS = 1200

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

/** The first thing to press in each row of the page. */
function rowStops(): HTMLElement[] {
  return Array.from(document.querySelectorAll<HTMLElement>('main [data-row]')).flatMap((row) => {
    const stop = row.matches('a, button') ? row : row.querySelector<HTMLElement>('a, button')
    return stop === null ? [] : [stop]
  })
}

function walk(step: 1 | -1) {
  const stops = rowStops()
  const at = stops.findIndex((stop) => stop === document.activeElement || stop.closest('[data-row]')?.contains(document.activeElement))
  const next = stops[at === -1 ? (step === 1 ? 0 : stops.length - 1) : at + step]
  next?.focus()
  next?.scrollIntoView({ block: 'nearest' })
}

interface Handlers {
  openPalette: () => void
  openHelp: () => void
}

/** The keyboard of the whole console. Nothing happens while somebody types or a dialog is open. */
export function useKeys({ openPalette, openHelp }: Handlers): void {
  const router = useRouter()
  useEffect(() => {
    let pressed = ''
    let pressedAt = 0
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        openPalette()
        return
      }
      if (event.ctrlKey || event.metaKey || event.altKey) return
      if (isTyping(event.target) || document.querySelector('[role="dialog"]') !== null) return
      if (event.timeStamp - pressedAt > SEQUENCE_MS) pressed = ''
      pressedAt = event.timeStamp
      const sequence = `${pressed} ${event.key}`.trim()
      const action = ACTIONS.find((known) => known.keys === sequence)
      if (action !== undefined) {
        pressed = ''
        event.preventDefault()
        action.perform(router)
        return
      }
      pressed = ACTIONS.some((known) => known.keys?.startsWith(`${event.key} `)) ? event.key : ''
      if (event.key === 'j' || event.key === 'k') walk(event.key === 'j' ? 1 : -1)
      if (event.key === '?') openHelp()
      if (event.key === '/') {
        event.preventDefault()
        document.querySelector<HTMLInputElement>('main [data-filter]')?.focus()
      }
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [router, openPalette, openHelp])
}
