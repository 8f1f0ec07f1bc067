import { Link } from '@tanstack/react-router'
import type { Promotion } from '../../api/types'
import { whoOf } from '../../environment/oncall'
import { paths } from '../../paths'
import { Panel } from '../../widgets/Panel'
import { Time } from '../../widgets/Time'

/** Whom the rules ask now: who is on call by the schedules that they name. */
export function OnCall({ promotion: { onCall } }: { promotion: Promotion }) {
  if (onCall.length === 0) return null
  return (
    <Panel title="On call now">
      <ul className="stack near">
        {onCall.map(({ schedule, now, next }) => (
          <li key={schedule} className="stack tight">
            <span className="row between">
              <span className="strong">{whoOf(now)}</span>
              <Link {...paths.onCall(schedule)}>{schedule}</Link>
            </span>
            {now.person === null && <span>Nobody can approve as being on call.</span>}
            <span className="muted small">
              {now.endsAt === null ? (
                'no end in sight'
              ) : (
                <>
                  until <Time at={now.endsAt} exact />
                </>
              )}
              {next !== null && `, then ${whoOf(next)}`}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
