import { useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { onCallQuery } from '../../api/oncall'
import { whoOf } from '../../environment/oncall'
import { paths } from '../../paths'
import { Panel } from '../../widgets/Panel'
import { Time } from '../../widgets/Time'
import { count } from '../../words/text'
import style from './EnvironmentsPage.module.css'

/** Each on-call schedule with who is on call by it now. */
export function OnCallSchedules() {
  const schedules = useSuspenseQuery(onCallQuery).data.items
  if (schedules.length === 0) return null
  return (
    <section className={style.lifecycles} aria-label="On-call schedules">
      <h2>On-call schedules</h2>
      {schedules.map(({ name, now, next, gaps }) => (
        <Panel
          key={name}
          title={<Link {...paths.onCall(name)}>{name}</Link>}
          side={gaps > 0 && <span className="muted">{count(gaps, 'gap')} in two weeks</span>}
        >
          <p>
            <span className="strong">{whoOf(now)}</span> is on call
            {now.endsAt !== null && (
              <>
                {' '}
                until <Time at={now.endsAt} exact />
              </>
            )}
            {next !== null && <span className="muted">, then {whoOf(next)}</span>}
          </p>
        </Panel>
      ))}
    </section>
  )
}
