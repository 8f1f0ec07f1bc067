import { isObject } from './object'

/** A document as YAML that is read back as it was: whatever could be taken for something else is quoted. */
export function yamlText(value: unknown): string {
  return `${isObject(value) ? mapping(value, '') : scalar(value)}\n`
}

// No number, day, yes, null or sign of YAML 1.1 or 1.2 begins so and has only these.
const PLAIN = /^[A-Za-z][\w./-]*(?::\/\/[\w./@-]+)?$/
const WORDS = /^(?:y|yes|n|no|true|false|on|off|null)$/i
/** Nothing in it that a block would have to escape, and no line that begins with a space. */
const BLOCK = /^(?:[\x21-\x7e][\x20-\x7e]*\n)+$/

function scalar(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value) ?? 'null'
  return PLAIN.test(value) && !WORDS.test(value) ? value : JSON.stringify(value)
}

function mapping(of: Readonly<Record<string, unknown>>, indent: string): string {
  return Object.entries(of)
    .map(([key, value]) => `${indent}${scalar(key)}:${under(value, indent)}`)
    .join('\n')
}

function under(value: unknown, indent: string): string {
  const deeper = `${indent}  `
  if (Array.isArray(value) && value.length > 0) {
    return `\n${value.map((item) => `${deeper}- ${itemText(item, deeper)}`).join('\n')}`
  }
  if (isObject(value) && Object.keys(value).length > 0) return `\n${mapping(value, deeper)}`
  if (typeof value === 'string' && BLOCK.test(value)) return ` |\n${value.trimEnd().replaceAll(/^/gm, deeper)}`
  return ` ${scalar(value)}`
}

function itemText(item: unknown, indent: string): string {
  if (isObject(item) && Object.keys(item).length > 0) return mapping(item, `${indent}  `).trimStart()
  // A list within a list, in one line: JSON is YAML.
  return Array.isArray(item) ? JSON.stringify(item) : scalar(item)
}
