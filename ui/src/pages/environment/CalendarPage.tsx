import { Button, NativeSelect } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { calendarQuery } from '../../api/freezes'
import { environmentsQuery } from '../../api/queries'
import { useWhyNot } from '../../api/session'
import type { FreezeWindow } from '../../api/types'
import { type Day, FREEZE_DAYS, FREEZE_WEEKS, weeksFrom, whatIsFrozen, windowsOn } from '../../environment/calendar'
import { paths } from '../../paths'
import { ActionButton } from '../../widgets/ActionButton'
import { Empty } from '../../widgets/Empty'
import { Icon } from '../../widgets/Icon'
import { PageHead, Panel } from '../../widgets/Panel'
import { Time, useNow, useZone } from '../../widgets/Time'
import style from './Calendar.module.css'
import { OverrideDialog } from './OverrideDialog'

const route = getRouteApi('/shell/freezes')
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** When nothing goes in: the coming weeks, and each window by itself. */
export function CalendarPage() {
  const { environment } = route.useSearch()
  const navigate = useNavigate()
  const [zone] = useZone()
  const weeks = weeksFrom(useNow(), FREEZE_WEEKS, zone)
  const windows = useSuspenseQuery(calendarQuery(FREEZE_DAYS, environment)).data.items
  const environments = useSuspenseQuery(environmentsQuery).data.items
  return (
    <>
      <PageHead
        title="Freezes"
        sub="When nothing goes in, by whatever road it was asked for"
        actions={
          <>
            <NativeSelect
              aria-label="Of which environment"
              value={environment ?? ''}
              onChange={(event) =>
                void navigate({ ...paths.freezes({ environment: event.currentTarget.value || undefined }), replace: true })
              }
              data={[{ value: '', label: 'All environments' }, ...environments.map(({ name }) => name)]}
            />
            <Button variant="default" component="a" href="/api/v1/freezes/calendar.ics" download>
              iCalendar
            </Button>
            <Button renderRoot={(props) => <Link {...paths.newDocument('Freeze')} {...props} />}>New rule</Button>
          </>
        }
      />
      <Panel flush label="Calendar">
        <table className={style.calendar}>
          <caption className="hidden">The coming {FREEZE_WEEKS} weeks, and what is frozen on each day</caption>
          <thead>
            <tr>
              {WEEKDAYS.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {weeks.map((week) => (
              <tr key={week[0]?.key}>
                {week.map((day) => (
                  <Cell key={day.key} day={day} windows={windowsOn(day, windows)} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Panel>
      <Windows windows={windows} />
    </>
  )
}

const SHOWN = 3

function Cell({ day, windows }: { day: Day; windows: readonly FreezeWindow[] }) {
  const now = useNow()
  const when = now >= day.ends ? 'past' : now >= day.begins ? 'today' : 'coming'
  return (
    <td data-when={when} data-frozen={windows.length > 0 || undefined}>
      <span className={style.day}>
        {day.number}
        {day.month && <span className="muted"> {day.month}</span>}
        {when === 'today' && <span className={style.today}>today</span>}
      </span>
      {windows.slice(0, SHOWN).map((one) => (
        <span key={`${one.freeze} ${one.startsAt}`} className={style.bar} title={one.reason}>
          <Icon name="snowflake" size={11} /> {whatIsFrozen(one)}
        </span>
      ))}
      {windows.length > SHOWN && <span className="muted small">and {windows.length - SHOWN} more</span>}
    </td>
  )
}

function Windows({ windows }: { windows: readonly FreezeWindow[] }) {
  const mayNot = useWhyNot('freeze.override')
  const now = useNow()
  const [passing, setPassing] = useState<FreezeWindow>()
  if (windows.length === 0) {
    return (
      <Empty icon="snowflake" title="Nothing is frozen in these weeks">
        A rule freezes again and again; one window of an environment is made on its page.
      </Empty>
    )
  }
  return (
    <Panel title="Windows" flush>
      <ul className={style.windows} aria-label="Windows">
        {windows.map((one) => (
          <li key={`${one.freeze} ${one.startsAt}`}>
            <span className="stack tight">
              <span>
                <strong>{whatIsFrozen(one)}</strong>, <Time at={one.startsAt} exact /> until <Time at={one.endsAt} exact />
              </span>
              <span className="row wrap small">
                <span className="muted">{one.reason}</span>
                {one.byRule ? (
                  <Link {...paths.document('Freeze', one.freeze)}>the rule {one.freeze}</Link>
                ) : (
                  one.environments.map((name) => (
                    <Link key={name} {...paths.environment(name)}>
                      once, made in {name}
                    </Link>
                  ))
                )}
              </span>
            </span>
            <ActionButton
              size="compact-xs"
              variant="default"
              whyNot={mayNot ?? (Date.parse(one.startsAt) > now ? 'It does not hold yet' : undefined)}
              onClick={() => setPassing(one)}
            >
              Let a release through
            </ActionButton>
          </li>
        ))}
      </ul>
      {passing && <OverrideDialog window={passing} close={() => setPassing(undefined)} />}
    </Panel>
  )
}
