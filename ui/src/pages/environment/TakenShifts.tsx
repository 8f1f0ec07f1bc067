import { useState } from 'react'
import { api, take } from '../../api/client'
import { useWhyNot } from '../../api/session'
import type { OnCallSchedule, TakenShift } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { ActionButton } from '../../widgets/ActionButton'
import { Dialog } from '../../widgets/Dialog'
import { Panel } from '../../widgets/Panel'
import { Time } from '../../widgets/Time'
import { say } from '../../widgets/Toasts'

/** What people took in the place of others; the newest counts before the others. */
export function TakenShifts({ schedule }: { schedule: OnCallSchedule }) {
  const mayNotApprove = useWhyNot('promotion.approve')
  const mayNotChange = useWhyNot('environment.change')
  const [returning, setReturning] = useState<TakenShift>()
  return (
    <Panel title="Taken shifts">
      {schedule.taken.length === 0 && <p className="muted">None: everybody takes their own turns.</p>}
      <ul className="stack near">
        {schedule.taken.map((shift) => (
          <li key={shift.id} className="stack tight">
            <span className="row between">
              <span className="strong">{shift.person}</span>
              <ActionButton
                size="compact-xs"
                variant="default"
                whyNot={mayNotChange === undefined ? undefined : mayNotApprove}
                onClick={() => setReturning(shift)}
              >
                Give it back
              </ActionButton>
            </span>
            {shift.reason && <span>{shift.reason}</span>}
            <span className="muted small">
              <Time at={shift.startsAt} exact /> until <Time at={shift.endsAt} exact />, by {shift.by.name}
            </span>
          </li>
        ))}
      </ul>
      {returning && <ReturnDialog shift={returning} close={() => setReturning(undefined)} />}
    </Panel>
  )
}

function ReturnDialog({ shift, close }: { shift: TakenShift; close: () => void }) {
  const act = useAct(
    (_: undefined, headers) =>
      take(
        api.POST('/api/v1/oncall/{schedule}/shifts/{shift}/return', {
          params: { path: { schedule: shift.schedule, shift: shift.id } },
          headers,
        }),
      ),
    () => {
      say(`The shift of ${shift.person} was given back`)
      close()
    },
  )
  return (
    <Dialog
      title={`Give back the shift of ${shift.person}`}
      submit="Give it back"
      onClose={close}
      onSubmit={() => act.run(undefined)}
      busy={act.busy}
      ready
      problem={act.problem}
      command={commands.returnShift(shift.schedule, shift.id)}
    >
      <p>Whoever is on call by the schedule is so again. What {shift.person} approved stands.</p>
    </Dialog>
  )
}
