import type { ReactNode } from 'react'
import { Icon } from './Icon'
import type { Look } from './State'
import { Time } from './Time'
import style from './Timeline.module.css'

export interface Moment {
  key: string
  at: string
  look: Look
  /** What happened, and who did it. */
  text: ReactNode
}

/** What happened, oldest first. */
export function Timeline({ of }: { of: readonly Moment[] }) {
  return (
    <ol className={style.line}>
      {of.map((moment) => (
        <li key={moment.key}>
          <span className={`${style.sign} tone-${moment.look.tone}`}>
            <Icon name={moment.look.icon} size={15} spin={moment.look.spin ?? false} />
          </span>
          <div className="grow">{moment.text}</div>
          <span className="muted small">
            <Time at={moment.at} />
          </span>
        </li>
      ))}
    </ol>
  )
}
