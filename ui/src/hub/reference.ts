// What stands in place of a secret. hub/reference.py reads the same; a test holds the two together.

export const FORMS = {
  FORM: /^([a-z][a-z0-9-]{0,30}):\/\/(.+)$/,
  VARIABLE: /^[A-Za-z_][A-Za-z0-9_]{0,127}$/,
  NAME: /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/,
  PATH: /^[A-Za-z0-9_@+=.,:!~/?&-]+$/,
  KEY: /^[A-Za-z0-9_.-]{1,128}$/,
} as const
const { FORM, VARIABLE, NAME, PATH, KEY } = FORMS
/** What Python calls printable. */
const PRINTABLE = /^(?:[^\p{C}\p{Z}]| )+$/u
const LENGTH_MAX = 1000

/**
 * Why a text refers to no secret, in the server's words; undefined where it does.
 *
 * Looked at here, before anything is sent: what somebody types in its place may be the secret itself.
 */
export function referenceFault(text: string): string | undefined {
  const why = faultOf(text)
  return why === undefined ? undefined : `a reference to a secret cannot be read: ${why}`
}

function faultOf(text: string): string | undefined {
  const found = text.length <= LENGTH_MAX && PRINTABLE.test(text) ? FORM.exec(text) : null
  const [, scheme, rest = ''] = found ?? []
  if (scheme === undefined) return 'a secret stands where a reference to one belongs'
  if (scheme === 'env') return VARIABLE.test(rest) ? undefined : 'its variable is no name'
  if (scheme === 'secret') return NAME.test(rest) ? undefined : 'its secret is no name'
  if (scheme === 'file') {
    return rest.startsWith('/') && !rest.split('/').includes('..')
      ? undefined
      : 'file:// wants the absolute path of a file: file:///run/secrets/NAME'
  }
  const [place = '', ...keys] = rest.split('#')
  const slash = place.indexOf('/')
  const path = place.slice(slash + 1)
  if (slash === -1 || path === '' || path.split('/').includes('..')) {
    return `${scheme}:// wants an integration and a path: ${scheme}://NAME/PATH#KEY`
  }
  if (!NAME.test(place.slice(0, slash))) return 'its integration is no name'
  if (!PATH.test(path)) return 'its path has characters that no path has'
  return keys.length === 0 || KEY.test(keys.join('#')) ? undefined : 'its key is no name'
}

/** What a reference names, for a link: a secret of the built-in store, or an integration. */
export function namedBy(text: string): { kind: 'secret' | 'integration'; name: string } | undefined {
  if (referenceFault(text) !== undefined) return undefined
  const [scheme = '', rest = ''] = text.split('://')
  if (scheme === 'env' || scheme === 'file') return undefined
  return scheme === 'secret' ? { kind: 'secret', name: rest } : { kind: 'integration', name: rest.split('/')[0] ?? '' }
}
