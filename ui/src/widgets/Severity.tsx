import { Icon } from './Icon'
import style from './Severity.module.css'

interface Counts {
  critical: number
  high: number
  medium: number
  low: number
  unknown: number
}

const NAMES = ['critical', 'high', 'medium', 'low', 'unknown'] as const

/** How many findings of each severity, worst first. A zero stays, so that columns line up and say so. */
export function SeverityCounts({ counts, kev }: { counts: Counts; kev: number | null }) {
  const names = NAMES.filter((name) => name !== 'unknown' || counts.unknown > 0)
  return (
    <span className={style.counts}>
      {names.map((name) => (
        <span
          key={name}
          className={`${style.count} ${counts[name] > 0 ? style[name] : style.none}`}
          title={`${counts[name]} ${name}`}
        >
          <span aria-hidden="true">
            {name[0]?.toUpperCase()} {counts[name]}
          </span>
          <span className="hidden">
            {counts[name]} {name}
          </span>
        </span>
      ))}
      {kev !== null && kev > 0 && <Kev number={kev} />}
    </span>
  )
}

/** Known to be exploited: CISA's list says that somebody does. */
export function Kev({ number }: { number?: number }) {
  return (
    <span className={`${style.count} ${style.kev}`} title="Known to be exploited (CISA KEV)">
      <Icon name="flame" size={12} /> KEV{number === undefined || number < 2 ? '' : ` ${number}`}
    </span>
  )
}

export function SeverityWord({ severity }: { severity: string }) {
  const known = NAMES.find((name) => name === severity) ?? 'unknown'
  return <span className={`${style.word} ${style[known]}`}>{severity}</span>
}
