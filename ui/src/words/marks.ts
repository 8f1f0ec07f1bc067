/** A server's sentence, cut where it names a moment or a command. */
export interface Mark {
  kind: 'text' | 'time' | 'command'
  text: string
}

const MOMENT = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/
/** To the end of the sentence: ids, digests, flags and references are of these characters. */
const COMMAND = /\bstella [a-z]+(?: (?:[a-z]+|-{1,2}\w[\w-]*|[A-Z]+|[\w@:./-]*[\d_@:/][\w@:./-]*))+/
const BOTH = new RegExp(`${MOMENT.source}|${COMMAND.source}`, 'g')

export function marks(sentence: string): Mark[] {
  const found: Mark[] = []
  let from = 0
  const add = (kind: Mark['kind'], text: string) => {
    if (text !== '') found.push({ kind, text })
  }
  for (const match of sentence.matchAll(BOTH)) {
    add('text', sentence.slice(from, match.index))
    // The full stop after a command ends the sentence, not the command.
    const text = match[0].replace(/[.,:]+$/, '')
    add(text.startsWith('stella ') ? 'command' : 'time', text)
    from = match.index + text.length
  }
  add('text', sentence.slice(from))
  return found
}
