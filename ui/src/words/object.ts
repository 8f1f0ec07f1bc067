/** An object with keys: no list, not null. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** It, or an empty one where it is none. */
export const objectOf = (value: unknown): Record<string, unknown> => (isObject(value) ? value : {})
