import { useState } from 'react'
import { Pill } from './Filters'
import { Icon } from './Icon'
import { Kev, SeverityWord } from './Severity'

/** What VEX may say of a finding, as choices of a filter. */
export const VEX_CHOICES = (['none', 'affected', 'under_investigation', 'conflict', 'not_affected', 'fixed'] as const).map(
  (state) => [state, `VEX: ${state.replaceAll('_', ' ')}`] as const,
)

const REACHES = ['reachable', 'unknown', 'unreachable'] as const

/** Pills for whether a finding can be reached; `reach`: the words that are asked for, comma between. */
export function ReachPills({ reach, set }: { reach: string | undefined; set: (reach: string | undefined) => void }) {
  const chosen = new Set(reach?.split(','))
  const toggle = (one: string) => {
    const next = new Set(chosen)
    if (!next.delete(one)) next.add(one)
    set(REACHES.filter((each) => next.has(each)).join(',') || undefined)
  }
  return REACHES.map((one) => (
    <Pill key={one} on={chosen.has(one)} onToggle={() => toggle(one)}>
      {one === 'unknown' ? 'reach unknown' : one}
    </Pill>
  ))
}

/** Which rows are unfolded. */
export interface Unfolded {
  has: (key: string) => boolean
  toggle: (key: string) => void
}

export function useUnfolded(): Unfolded {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  return {
    has: (key) => open.has(key),
    toggle: (key) => {
      const next = new Set(open)
      if (!next.delete(key)) next.add(key)
      setOpen(next)
    },
  }
}

/** Its name, which unfolds the why of it. */
export function FindingName({ name, of, unfolded }: { name: string; of: string; unfolded: Unfolded }) {
  const isOpen = unfolded.has(of)
  return (
    <button type="button" className="plain row" aria-expanded={isOpen} onClick={() => unfolded.toggle(of)}>
      <Icon name={isOpen ? 'chevron-down' : 'chevron-right'} size={14} />
      <span className="strong nowrap">{name}</span>
    </button>
  )
}

export function FindingSeverity({ severity, exploited }: { severity: string; exploited: boolean }) {
  return (
    <span className="row">
      <SeverityWord severity={severity} />
      {exploited && <Kev />}
    </span>
  )
}

export function FixedIn({ version }: { version: string }) {
  return version === '' ? <span className="muted">no fix</span> : <code className="nowrap">{version}</code>
}
