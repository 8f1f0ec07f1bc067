/** A server's sentence, cut where it names a moment or a command. */
export interface Mark {
  kind: 'text' | 'time' | 'command'
  text: string
}

const MOMENT = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/
const VERB =
  '(?:apply|backup|create|delete|end|enroll|get|import|list|logs|reset|resolve|restore|revoke|run|show|sync|verify|watch|withdraw)'
/** Options with their values, and words that only a command has: ids, digests, references, PLACEHOLDERS. */
const ARGUMENT = String.raw`(?:--?\w[\w-]*(?:[ =][^\s,;]+)?|[^\s,;]*[\d_@:/][^\s,;]*|[A-Z]{2,}\b)`
const COMMAND = new RegExp(String.raw`\bstella [a-z]+(?: ${VERB}\b)?(?: ${ARGUMENT})*`)
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
    const text = match[0].replace(/[.,:)]+$/, '')
    add(text.startsWith('stella ') ? 'command' : 'time', text)
    from = match.index + text.length
  }
  add('text', sentence.slice(from))
  return found
}
