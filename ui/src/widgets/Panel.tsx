import type { ReactNode } from 'react'
import style from './Panel.module.css'

interface Props {
  title?: ReactNode
  /** What stands at the right of the title. */
  side?: ReactNode
  children: ReactNode
  /** Content that reaches the edge: tables and logs. */
  flush?: boolean
  label?: string
}

export function Panel({ title, side, children, flush = false, label }: Props) {
  return (
    <section className={style.panel} aria-label={label}>
      {(title !== undefined || side !== undefined) && (
        <header className={style.head}>
          {title !== undefined && <h2>{title}</h2>}
          {side !== undefined && <div className="row">{side}</div>}
        </header>
      )}
      <div className={flush ? style.flush : style.body}>{children}</div>
    </section>
  )
}

interface PageProps {
  title: ReactNode
  /** What the browser's tab says, where the title is more than a text. */
  name?: string
  /** What kind of thing this is, or a sentence about it. */
  sub?: ReactNode
  actions?: ReactNode
}

/** The head of a page: what it shows, and what can be done with it. */
export function PageHead({ title, name, sub, actions }: PageProps) {
  const text = name ?? (typeof title === 'string' ? title : undefined)
  return (
    <header className={style.page}>
      <title>{text === undefined ? 'Stella Ops' : `${text} - Stella Ops`}</title>
      <div className="stack tight">
        <h1>{title}</h1>
        {sub !== undefined && <div className="row wrap muted">{sub}</div>}
      </div>
      {actions !== undefined && <div className="row wrap">{actions}</div>}
    </header>
  )
}

/** Names and values, one line each. */
export function Pairs({ of }: { of: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className={style.pairs}>
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
