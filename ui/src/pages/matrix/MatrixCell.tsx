import { Link } from '@tanstack/react-router'
import { memo } from 'react'
import type { Cell } from '../../api/types'
import { DRIFT, HEALTH } from '../../matrix/states'
import { Icon } from '../../widgets/Icon'
import { type Look, State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import { shortDigest } from '../../words/text'
import style from './MatrixCell.module.css'

interface Props {
  cell: Cell | undefined
  /** Row and column, for the arrow keys. */
  at: string
  /** ENVIRONMENT/COMPONENT, as the address names it. */
  name: string
  chosen: boolean
}

/** The one thing that most wants to be seen beside health: what is going on now, else what is not as it should be. */
function notice(cell: Cell): Look | undefined {
  if (cell.inProgress) return { tone: 'busy', icon: 'arrow-down', word: 'On the way' }
  if (cell.blocked) return { tone: 'bad', icon: 'hand-stop', word: 'Blocked' }
  if (cell.drift !== 'none') return DRIFT[cell.drift]
  return undefined
}

export const MatrixCell = memo(function MatrixCell({ cell, at, name, chosen }: Props) {
  if (cell === undefined) {
    return (
      <div className={style.empty} tabIndex={-1} data-at={at} aria-label={`${name}: not deployed`}>
        <Icon name="circle-dashed" size={14} /> not deployed
      </div>
    )
  }
  const mark = notice(cell)
  return (
    <Link
      to="/"
      search={(before: Record<string, string | undefined>) => ({ ...before, cell: name })}
      replace
      preload={false}
      className={style.cell}
      data-at={at}
      data-chosen={chosen || undefined}
    >
      <span className={style.line}>
        <span className={style.version}>{cell.release.version}</span>
        <State look={HEALTH[cell.health]} />
      </span>
      <span className={style.line}>
        <span className="mono muted">{shortDigest(cell.digest)}</span>
        {mark && (
          <span className="small">
            <State look={mark} />
          </span>
        )}
      </span>
      <span className={`${style.line} muted small`}>
        <Time at={cell.at} />
        <span>{cell.running} running</span>
      </span>
    </Link>
  )
})
