import { type ReactNode, useSyncExternalStore } from 'react'
import { Icon } from './Icon'
import style from './Toasts.module.css'

interface Toast {
  id: number
  tone: 'good' | 'bad'
  body: ReactNode
}

const STAY_MS = 7000
let toasts: readonly Toast[] = []
let next = 1
const listeners = new Set<() => void>()

function set(value: readonly Toast[]) {
  toasts = value
  for (const listener of listeners) listener()
}

const dismiss = (id: number) => set(toasts.filter((toast) => toast.id !== id))

/** Say that something was done. Refusals are shown where they happened, not here. */
export function say(body: ReactNode, tone: Toast['tone'] = 'good'): void {
  const id = next++
  set([...toasts.slice(-3), { id, tone, body }])
  setTimeout(() => dismiss(id), STAY_MS)
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts)
  return (
    <div className={style.place} role="status" aria-live="polite">
      {shown.map((toast) => (
        <div key={toast.id} className={`${style.toast} tone-${toast.tone}`}>
          <Icon name={toast.tone === 'good' ? 'circle-check' : 'alert-triangle'} />
          <div className={style.body}>{toast.body}</div>
          <button type="button" className="plain" onClick={() => dismiss(toast.id)} aria-label="Dismiss">
            <Icon name="x" size={14} />
          </button>
        </div>
      ))}
    </div>
  )
}
