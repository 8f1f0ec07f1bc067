import { Refused, UNREACHABLE } from './api/refused'

const KEY = 'stella-reloaded-at'
const AGAIN_MS = 10_000

/**
 * A part of the console that is fetched when it is wanted.
 *
 * Where it cannot be fetched although the server answers, the page is loaded anew: the server was updated while the
 * page was open and the part has another name now, or the network changed under it. Once in ten seconds. Throws
 * Refused where the server does not answer, so that the page says so in its own words.
 */
export async function part<Module>(load: () => Promise<Module>): Promise<Module> {
  try {
    return await load()
  } catch (error) {
    if (!(await serverAnswers())) throw new Refused(UNREACHABLE)
    if (recently()) throw error
    window.location.reload()
    return new Promise<Module>(() => undefined)
  }
}

async function serverAnswers(): Promise<boolean> {
  try {
    await fetch('/api/v1/version', { cache: 'no-store' })
    return true
  } catch {
    return false
  }
}

function recently(): boolean {
  try {
    const last = Number(sessionStorage.getItem(KEY) ?? '0')
    sessionStorage.setItem(KEY, String(Date.now()))
    return Date.now() - last < AGAIN_MS
  } catch {
    // Without storage nobody could tell one failure from an endless row of them.
    return true
  }
}
