import type { AnyRouter } from '@tanstack/react-router'
import { paths } from '../paths'
import type { IconName } from '../widgets/Icon'

export interface Choice {
  id: string
  label: string
  hint: string
  icon: IconName
  perform: (router: AnyRouter) => void
}

/** Where an id leads, by its prefix. */
const IDS: readonly (readonly [RegExp, string, (id: string) => { to: string }])[] = [
  [/^rel_\w+$/, 'release', paths.release],
  [/^prm_\w+$/, 'promotion', paths.promotion],
  [/^dep_\w+$/, 'deployment', (id) => paths.deployment(id)],
  [/^run_\w+$/, 'run', (id) => paths.run(id)],
  [/^evd_\w+$/, 'evidence', paths.packet],
  [/^[a-z]{2,4}_\w{10,}$/, 'facts about this', (subject) => paths.audit({ subject })],
]

function byId(text: string): Choice[] {
  const found = IDS.find(([pattern]) => pattern.test(text))
  if (found === undefined) return []
  const [, hint, path] = found
  return [{ id: `go-${text}`, label: text, hint, icon: 'arrow-right', perform: (router) => void router.navigate(path(text)) }]
}

const OF_A_KIND = 5

/** At most five of a kind, so that sixty releases do not hide the one promotion. */
function mixed(choices: readonly Choice[]): Choice[] {
  const seen = new Map<string, number>()
  return choices.filter(({ hint }) => {
    const kind = hint.split(',')[0] ?? ''
    const count = (seen.get(kind) ?? 0) + 1
    seen.set(kind, count)
    return count <= OF_A_KIND
  })
}

/** Choices that hold every word of `text`; those whose label begins with it first, else in the order given. */
export function choicesFor(text: string, all: readonly Choice[]): Choice[] {
  const wanted = text.trim()
  if (wanted === '') return mixed(all)
  const words = wanted.toLowerCase().split(/\s+/)
  const holds = (choice: Choice) => {
    const whole = `${choice.label} ${choice.hint} ${choice.id}`.toLowerCase()
    return words.every((word) => whole.includes(word))
  }
  const begins = (choice: Choice) => (choice.label.toLowerCase().startsWith(wanted.toLowerCase()) ? 0 : 1)
  return [...byId(wanted), ...mixed(all.filter(holds).toSorted((a, b) => begins(a) - begins(b)))]
}
