import type { Lifecycle, LifecyclePhase, LifecyclePlace } from '../api/types'
import type { Look } from '../widgets/State'

/** Phases in columns: each behind all that it follows, those that stand side by side in one. */
export function columnsOf(phases: readonly LifecyclePhase[]): LifecyclePhase[][] {
  const at = new Map<string, number>()
  const byName = new Map(phases.map((phase) => [phase.name, phase]))
  const depth = (phase: LifecyclePhase): number => {
    const known = at.get(phase.name)
    if (known !== undefined) return known
    at.set(phase.name, 0) // the server refuses circles; one would end here all the same
    const before = phase.after.flatMap((name) => {
      const earlier = byName.get(name)
      return earlier ? [depth(earlier) + 1] : []
    })
    const found = Math.max(0, ...before)
    at.set(phase.name, found)
    return found
  }
  const columns: LifecyclePhase[][] = []
  for (const phase of phases) {
    const column = depth(phase)
    while (columns.length <= column) columns.push([])
    columns[column]?.push(phase)
  }
  return columns
}

/** What a release needs of a phase before what follows lets it in. */
export function needText({ environments, count, optional, soak }: LifecyclePhase): string {
  const soaked = soak > 0 ? `, ${soak} h each` : ''
  if (optional) return 'optional'
  if (environments.length === 1) return `before what follows${soaked}`
  return count === environments.length ? `all ${count} before what follows${soaked}` : `${count} of ${environments.length} before what follows${soaked}`
}

/** What is said of a phase: what it needs where something follows it, and what it follows. */
export function phaseText(phase: LifecyclePhase, all: readonly LifecyclePhase[]): string {
  const leads = all.some(({ after }) => after.includes(phase.name))
  return [
    ...(leads || phase.optional ? [needText(phase)] : []),
    ...(phase.after.length > 0 ? [`follows ${phase.after.join(', ')}`] : []),
    ...(phase.canBeLeftOut ? ['a hotfix may leave it out'] : []),
  ].join('; ')
}

/** Which releases take it. */
export function takenBy({ channels, hotfix, default: isDefault }: Lifecycle): string {
  const named = [...channels, ...(hotfix?.channels ?? [])]
  const parts = named.length > 0 ? [`releases of ${named.join(', ')}`] : []
  if (isDefault) parts.push('all that no other takes')
  return parts.length > 0 ? `taken by ${parts.join(' and ')}` : 'taken by no release'
}

export const PLACE: Readonly<Record<NonNullable<LifecyclePlace['state']>, Look>> = {
  done: { tone: 'good', icon: 'circle-check', word: 'Done' },
  soaking: { tone: 'wait', icon: 'clock', word: 'Soaks' },
  coming: { tone: 'busy', icon: 'arrow-right', word: 'On its way' },
  open: { tone: 'idle', icon: 'circle-minus', word: 'Not yet' },
}
