import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { onCallScheduleQuery } from '../../api/oncall'
import { useWhyNot } from '../../api/session'
import type { OnCallSchedule, Shift } from '../../api/types'
import { commands } from '../../commands'
import { hoursText, turnText, whoOf } from '../../environment/oncall'
import { paths } from '../../paths'
import { ActionButton } from '../../widgets/ActionButton'
import { CommandHint } from '../../widgets/Dialog'
import { Icon } from '../../widgets/Icon'
import { EditLink } from '../../widgets/EditLink'
import { PageHead, Pairs, Panel } from '../../widgets/Panel'
import { type Look, State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { count } from '../../words/text'
import { ShiftDialog } from './ShiftDialog'
import { TakenShifts } from './TakenShifts'

const route = getRouteApi('/shell/oncall/$schedule')
const POLL_MS = 60_000
const GAP: Look = { tone: 'wait', icon: 'alert-triangle', word: 'Nobody' }

/** Who is on call by a schedule, now and in the coming two weeks. */
export function OnCallPage() {
  const { schedule: name } = route.useParams()
  // A handover is no fact: it comes with time alone.
  const schedule = useSuspenseQuery({ ...onCallScheduleQuery(name), refetchInterval: POLL_MS }).data
  return (
    <>
      <PageHead
        title={name}
        sub={
          <>
            <span>On-call schedule</span>
            <Now schedule={schedule} />
          </>
        }
        actions={
          <>
            <EditLink kind="OnCallSchedule" name={name} />
            <TakeShift schedule={schedule} />
          </>
        }
      />
      <div className="split">
        <Panel title="The coming two weeks" side={<CommandHint command={commands.onCall(name)} />} flush>
          <Table
            label="Shifts"
            rows={schedule.shifts}
            rowKey={(shift) => shift.startsAt}
            columns={columnsOf(schedule)}
          />
        </Panel>
        <div className="stack">
          <TakenShifts schedule={schedule} />
          <Layers schedule={schedule} />
          <About schedule={schedule} />
        </div>
      </div>
    </>
  )
}

/** Who is on call, and until when. */
function Now({ schedule: { now } }: { schedule: OnCallSchedule }) {
  return (
    <span>
      <span className="strong">{whoOf(now)}</span> is on call
      {now.endsAt !== null && (
        <>
          {' '}
          until <Time at={now.endsAt} exact />
        </>
      )}
    </span>
  )
}

function TakeShift({ schedule }: { schedule: OnCallSchedule }) {
  const [taking, setTaking] = useState(false)
  const mayNotApprove = useWhyNot('promotion.approve')
  const mayNotChange = useWhyNot('environment.change')
  return (
    <>
      <ActionButton
        whyNot={mayNotChange === undefined ? undefined : mayNotApprove}
        leftSection={<Icon name="clock" />}
        onClick={() => setTaking(true)}
      >
        Take a shift
      </ActionButton>
      {taking && <ShiftDialog schedule={schedule} close={() => setTaking(false)} />}
    </>
  )
}

const columnsOf = (schedule: OnCallSchedule): readonly Column<Shift>[] => [
  {
    key: 'person',
    head: 'On call',
    cell: (shift) => (shift.person === null ? <State look={GAP} /> : <span className="strong">{shift.person}</span>),
  },
  { key: 'from', head: 'From', cell: (shift) => <Time at={shift.startsAt} exact /> },
  {
    key: 'until',
    head: 'Until',
    cell: (shift) =>
      shift.endsAt === null ? <span className="muted">no end in sight</span> : <Time at={shift.endsAt} exact />,
  },
  { key: 'by', head: 'By', cell: (shift) => <span className="muted">{byText(shift, schedule)}</span> },
]

/** A layer by its name; what somebody took, as such. */
function byText({ by }: Shift, { layers }: OnCallSchedule): string {
  if (by === '') return ''
  return layers.some(({ name }) => name === by) ? by : by === 'override' ? 'its document' : 'a shift that was taken'
}

function Layers({ schedule: { layers } }: { schedule: OnCallSchedule }) {
  return (
    <Panel title={count(layers.length, 'layer')}>
      {layers.length > 1 && <p className="muted small">Of those that have somebody the last one counts.</p>}
      <ul className="stack near">
        {layers.map((layer) => (
          <li key={layer.name} className="stack tight">
            <span className="strong">{layer.name}</span>
            <span>{layer.people.join(', ')}</span>
            <span className="muted small">{turnText(layer)}</span>
            <span className="muted small">{hoursText(layer)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function About({ schedule }: { schedule: OnCallSchedule }) {
  const strangers = schedule.people.filter(({ isKnown }) => !isKnown)
  return (
    <Panel title="About">
      <Pairs
        of={[
          ['Time zone', schedule.timeZone],
          ['Gaps', schedule.gaps === 0 ? 'none in the coming two weeks' : `${count(schedule.gaps, 'time')} in the coming two weeks`],
          [
            'Asked by',
            schedule.environments.length === 0 ? (
              <span key="asked" className="muted">
                no approval rule
              </span>
            ) : (
              <span key="asked" className="row wrap">
                {schedule.environments.map((name) => (
                  <Link key={name} {...paths.environment(name)}>
                    {name}
                  </Link>
                ))}
              </span>
            ),
          ],
          ...(strangers.length === 0
            ? []
            : [['No user', strangers.map(({ name }) => name).join(', ')] as [string, string]]),
          ['Kept by', schedule.owner ?? <span key="owner" className="muted">nobody in particular</span>],
        ]}
      />
    </Panel>
  )
}
