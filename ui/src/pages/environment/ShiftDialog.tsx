import { NativeSelect, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import { api, take } from '../../api/client'
import type { OnCallSchedule } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { Dialog } from '../../widgets/Dialog'
import { say } from '../../widgets/Toasts'
import { momentOf } from '../../words/time'

/** Somebody is on call in the place of others, for a time. */
export function ShiftDialog({ schedule, close }: { schedule: OnCallSchedule; close: () => void }) {
  const people = schedule.people.filter(({ isKnown }) => isKnown).map(({ name }) => name)
  const [person, setPerson] = useState(people[0] ?? '')
  const [from, setFrom] = useState('')
  const [until, setUntil] = useState('')
  const [reason, setReason] = useState('')
  const startsAt = momentOf(from)
  const endsAt = momentOf(until)
  const act = useAct(
    (body: { person: string; startsAt?: string; endsAt: string; reason: string }, headers) =>
      take(
        api.POST('/api/v1/oncall/{schedule}/shifts', {
          params: { path: { schedule: schedule.name } },
          body,
          headers,
        }),
      ),
    () => {
      say(`${person} takes a shift of ${schedule.name}`)
      close()
    },
  )
  return (
    <Dialog
      title={`Take a shift of ${schedule.name}`}
      submit="Take it"
      onClose={close}
      onSubmit={() =>
        endsAt && act.run({ person, endsAt, reason, ...(startsAt === undefined ? {} : { startsAt }) })
      }
      busy={act.busy}
      ready={person !== '' && endsAt !== undefined}
      problem={act.problem}
      command={commands.takeShift(schedule.name, person, endsAt ?? '', startsAt)}
    >
      <p>Whoever takes it approves in the place of whoever would be on call then.</p>
      <NativeSelect
        label="Who"
        value={person}
        onChange={(event) => setPerson(event.currentTarget.value)}
        data={people}
      />
      <TextInput
        type="datetime-local"
        label="From"
        description="In your zone; empty is now."
        value={from}
        onChange={(event) => setFrom(event.currentTarget.value)}
      />
      <TextInput
        type="datetime-local"
        label="Until"
        description="In your zone."
        required
        value={until}
        onChange={(event) => setUntil(event.currentTarget.value)}
      />
      <Textarea label="Reason" value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
    </Dialog>
  )
}
