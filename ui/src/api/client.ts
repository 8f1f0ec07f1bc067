import createClient from 'openapi-fetch'
import type { paths } from './schema'
import { problemOf, Refused, UNREACHABLE } from './refused'

export const api = createClient<paths>({ baseUrl: '', credentials: 'same-origin' })

interface Answered<T> {
  data?: T
  error?: unknown
  response: Response
}

let onSignedOut: () => void = () => undefined

/** What happens when the session has ended: set once, by the shell. */
export function whenSignedOut(action: () => void): void {
  onSignedOut = action
}

/**
 * The body of an answer.
 *
 * Throws Refused with what the server wrote, or with "cannot be reached".
 */
export async function take<T>(call: Promise<Answered<T>>): Promise<T> {
  let answered: Answered<T>
  try {
    answered = await call
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new Refused(UNREACHABLE)
  }
  if (answered.response.ok) return answered.data as T
  if (answered.response.status === 401) onSignedOut()
  throw new Refused(problemOf(answered.error, answered.response.status))
}

/** A key for one intention: sent again with a repeated request, so that it counts once. */
export function newKey(): string {
  // crypto.randomUUID exists on https and localhost only; consoles live on plain http in a rack, too.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
