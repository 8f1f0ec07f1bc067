import type { Change } from '../api/types'
import style from './ChangeList.module.css'

/** What a document's change comes to, path by path. */
export function ChangeList({ of: changes }: { of: readonly Change[] }) {
  return (
    <ul className={style.diff} aria-label="Changes">
      {changes.map((change) => (
        <li key={change.path}>
          <code className="muted">{change.path.replace(/^spec\./, '')}</code>
          <span className={style.values}>
            <Value of={change.before} className={style.before} none="nothing" />
            <span className="hidden">becomes</span>
            <span aria-hidden="true" className="muted">
              →
            </span>
            <Value of={change.after} none="nothing" />
          </span>
        </li>
      ))}
    </ul>
  )
}

function Value({ of, className, none }: { of: unknown; className?: string | undefined; none: string }) {
  if (of === null || of === undefined || (Array.isArray(of) && of.length === 0)) {
    return <span className="muted">{none}</span>
  }
  const isList = Array.isArray(of) && of.every((one) => typeof one === 'string')
  const text = typeof of === 'string' ? of : isList ? of.join(', ') : JSON.stringify(of)
  return <code className={className}>{text.length > 300 ? `${text.slice(0, 300)}…` : text}</code>
}
