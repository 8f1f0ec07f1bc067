import type { ReactNode } from 'react'
import { Command } from './Copy'
import { Icon, type IconName } from './Icon'
import style from './Empty.module.css'

interface Props {
  icon: IconName
  title: string
  /** One sentence: why there is nothing, and what would fill it. */
  children: ReactNode
  /** The one command that fills it. */
  command?: string
  /** The one button that fills it. */
  action?: ReactNode
  heading?: 'h1' | 'h2'
}

export function Empty({ icon, title, children, command, action, heading: Heading = 'h2' }: Props) {
  return (
    <div className={style.empty}>
      <span className={style.sign}>
        <Icon name={icon} size={22} />
      </span>
      <Heading className={style.title}>{title}</Heading>
      <p className="muted">{children}</p>
      {command && <Command text={command} label="the command that fills this list" />}
      {action}
    </div>
  )
}
