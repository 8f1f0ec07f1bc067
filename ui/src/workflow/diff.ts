import type { Change } from '../api/types'
import { isObject } from '../words/object'

/** What is another in `after`, place by place, in the order of the document. A list is one value. */
export function changesBetween(before: unknown, after: unknown, path = ''): Change[] {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    return keys.flatMap((key) => changesBetween(before[key], after[key], path === '' ? key : `${path}.${key}`))
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  return [{ path, before: before ?? null, after: after ?? null }]
}
