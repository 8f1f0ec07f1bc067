import { isObject } from '../words/object'

// Where in the form a reason of the server belongs. Its words are hub/document.py's and hub/apply.py's.

export interface Spread {
  /** place -> what the server says of it. */
  at: ReadonlyMap<string, readonly string[]>
  /** What no field is the place of. */
  rest: readonly string[]
}

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^its name /, 'name'],
  [/^its endpoint /, 'endpoint'],
  [/^the integration '.*' is the one for the registry /, 'endpoint'],
  [/^there is no kind /, 'connector'],
  [/^no plugin brings /, 'connector'],
  [/^it takes no credential /, 'credentials'],
  [/^(roles|hosts|networks|environments) names /, '$1'],
  [/^environments: /, 'environments'],
  [/^(timeoutS|requestsPerS|rotateBy|proxy|ca) is /, '$1'],
  [/^it needs the credential '([^']+)'/, 'credentials.$1'],
  [/ - at `\$\.([\w.]+)/, '$1'],
]

/** A place and the words; no place where the reason does not tell. */
function placeOf(reason: string, credentials: Readonly<Record<string, string>>): [string, string] {
  const within = /^((?:config|credentials)(?:\.[^:\s]+)*): (.*)$/s.exec(reason)
  if (within?.[1] !== undefined && within[2] !== undefined) {
    const missing = /^"(.+)" is a required property$/.exec(within[2])
    return missing?.[1] === undefined ? [within[1], within[2]] : [`${within[1]}.${missing[1]}`, 'it is required']
  }
  for (const [pattern, place] of WORDS) {
    const found = pattern.exec(reason)
    if (found !== null) return [place.replace('$1', found[1] ?? ''), reason]
  }
  // Of a reference that leads nowhere only the reference is told: it is the one that reads so.
  const stored = /^there is no secret '([^']+)'/.exec(reason)?.[1]
  const reference = stored === undefined ? /^(\S+:\/\/\S+) (?:names|leads) /.exec(reason)?.[1] : `secret://${stored}`
  const named = Object.entries(credentials).find(([, text]) => text === reference)?.[0]
  return [named === undefined ? '' : `credentials.${named}`, reason]
}

/** Each reason at the deepest field that is on its way. places: of the fields that are drawn. */
export function spread(
  reasons: readonly string[],
  places: ReadonlySet<string>,
  credentials: Readonly<Record<string, string>>,
): Spread {
  const at = new Map<string, string[]>()
  const rest: string[] = []
  for (const reason of new Set(reasons)) {
    const [place, words] = placeOf(reason, credentials)
    const field = nearest(place, places)
    if (field === undefined) {
      rest.push(reason)
      continue
    }
    const beyond = place.slice(field.length + 1)
    at.set(field, [...(at.get(field) ?? []), beyond === '' ? words : `${beyond}: ${words}`])
  }
  return { at, rest }
}

function nearest(place: string, places: ReadonlySet<string>): string | undefined {
  for (let at = place; at !== ''; at = at.slice(0, Math.max(at.lastIndexOf('.'), 0))) {
    if (places.has(at)) return at
  }
  return undefined
}

/** Only that something is not there yet: no fault of somebody who has not come so far. */
export const isMissing = (words: string): boolean => /^it needs the credential |(^|: )it is required$/.test(words)

/** Every reason of a refusal. */
export function reasonsOf(problem: { title: string; facts?: unknown }): readonly string[] {
  const reasons: unknown = isObject(problem.facts) ? problem.facts.reasons : undefined
  return Array.isArray(reasons) && reasons.length > 0 ? reasons.map(String) : [problem.title]
}
