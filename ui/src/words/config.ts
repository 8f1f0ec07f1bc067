/** Configuration for reading, as YAML has it: texts of several lines stay that, and nothing is escaped. */
export function configText(value: unknown, indent = ''): string {
  if (Array.isArray(value)) {
    return value.map((item) => `${indent}- ${configText(item, `${indent}  `).trimStart()}`).join('\n')
  }
  if (typeof value !== 'object' || value === null) return `${indent}${scalar(value)}`
  return Object.entries(value)
    .map(([key, item]) => {
      if (typeof item === 'string' && item.includes('\n')) return `${indent}${key}: |\n${block(item, `${indent}  `)}`
      if (isNested(item)) return `${indent}${key}:\n${configText(item, `${indent}  `)}`
      return `${indent}${key}: ${scalar(item)}`
    })
    .join('\n')
}

const isNested = (value: unknown) =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0

function scalar(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value) ?? ''
  return /^[\w./@-][\w ./:@-]*$/.test(value) && !/: |^(true|false|null|[\d.]+)$/.test(value) ? value : JSON.stringify(value)
}

const block = (text: string, indent: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `${indent}${line}`)
    .join('\n')
