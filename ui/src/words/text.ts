/** The first 12 hex digits of a digest: for eyes only, never for a comparison. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha(256|512):/, '').slice(0, 12)
}

/** Bytes as "812 B", "4.1 KB", "12 MB". */
export function bytes(size: number): string {
  if (size < 1000) return `${size} B`
  for (const [unit, worth] of [
    ['KB', 1e3],
    ['MB', 1e6],
    ['GB', 1e9],
  ] as const) {
    const value = size / worth
    if (value < 1000) return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`
  }
  return `${(size / 1e12).toFixed(1)} TB`
}

/** "1 target", "3 targets". */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}

/** One shell word, quoted only where the shell would read it otherwise. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

export const shellLine = (words: readonly string[]): string => words.map(shellWord).join(' ')

/** Whether every word of `wanted` stands somewhere in `text`. */
export function holds(text: string, wanted: string): boolean {
  const within = text.toLowerCase()
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => within.includes(word))
}
