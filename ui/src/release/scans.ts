import type { Counts, ReleaseComponent, ReleaseState, ScanState } from '../api/types'
import type { Look } from '../widgets/State'

export const SCAN: Readonly<Record<ScanState, Look>> = {
  pending: { tone: 'busy', icon: 'loader-2', word: 'Scanning', spin: true },
  done: { tone: 'good', icon: 'check', word: 'Scanned' },
  failed: { tone: 'bad', icon: 'circle-x', word: 'Scan failed' },
}

export const RELEASE: Readonly<Record<ReleaseState, Look>> = {
  sealed: { tone: 'good', icon: 'lock', word: 'Sealed' },
  withdrawn: { tone: 'idle', icon: 'ban', word: 'Withdrawn' },
}

/**
 * What the scans of some components add up to. `missing`: platforms with no finished answer, whose findings nobody
 * knows; the counts never stand without it.
 */
export interface Total {
  counts: Counts
  kev: number
  missing: number
}

export function total(components: readonly ReleaseComponent[]): Total {
  const sum: Total = { counts: { critical: 0, high: 0, medium: 0, low: 0, none: 0, unknown: 0 }, kev: 0, missing: 0 }
  for (const component of components) {
    const answered = component.scans.filter((scan) => scan.state === 'done' && scan.counts !== null)
    sum.missing += Math.max(component.platforms.length, 1) - answered.length
    for (const scan of answered) {
      if (scan.counts === null) continue
      for (const severity of Object.keys(sum.counts) as (keyof Counts)[]) sum.counts[severity] += scan.counts[severity]
      sum.kev += scan.kev ?? 0
    }
  }
  sum.missing = Math.max(sum.missing, 0)
  return sum
}
