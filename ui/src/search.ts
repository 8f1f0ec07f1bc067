// The address bar holds plain text: ?environment=prod, never JSON in quotes.

export type Search<Key extends string> = Partial<Record<Key, string>>

/** A route's own search keys; anything else in the address is dropped. */
export function keys<const Key extends string>(...names: readonly Key[]) {
  return (raw: Record<string, unknown>): Search<Key> => {
    const found: Search<Key> = {}
    for (const name of names) {
      const value = raw[name]
      if (typeof value === 'string' && value !== '') found[name] = value
    }
    return found
  }
}

export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text))
}

export function stringifySearch(search: Record<string, unknown>): string {
  const filled = Object.entries(search).flatMap(([name, value]) =>
    typeof value === 'string' && value !== '' ? [[name, value]] : [],
  )
  const text = new URLSearchParams(filled).toString()
  return text === '' ? '' : `?${text}`
}
