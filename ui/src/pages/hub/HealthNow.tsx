import type { Integration } from '../../api/types'
import { lookOfHealth } from '../../hub/states'
import { State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import style from './Hub.module.css'

interface Props {
  of: Pick<Integration, 'enabled' | 'leftAloneUntil' | 'health'>
  /** Where it does not work, the reason beneath. */
  why?: boolean
}

/** Whether an integration works; what was found on hover. */
export function HealthNow({ of, why = false }: Props) {
  const { health, leftAloneUntil, enabled } = of
  const isBad = enabled && health !== null && health.outcome !== 'pass'
  return (
    <span className={style.health} title={health?.detail}>
      <span className="row">
        <State look={lookOfHealth(of)} />
        {enabled && leftAloneUntil !== null && (
          <span className="muted nowrap">
            until <Time at={leftAloneUntil} />
          </span>
        )}
      </span>
      {why && isBad && <span className={`muted small two-lines ${style.why}`}>{health.detail}</span>}
    </span>
  )
}
