export function lineCount(text: string): number {
  return text.split('\n').length
}

/** How far in the next line begins: as this one does, and deeper where it opens something. */
export function afterEnter(text: string, at: number): string {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at)
  const indent = /^ */.exec(line)?.[0] ?? ''
  return /(?::|[|>][+-]?)\s*$/.test(line) ? `${indent}  ` : indent
}
