import { Textarea, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { freezeCalendarQuery } from '../../api/freezes'
import { useWhyNot } from '../../api/session'
import type { Environment, Freeze } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { freezeTime } from '../../environment/rules'
import { ActionButton } from '../../widgets/ActionButton'
import { Dialog } from '../../widgets/Dialog'
import { Icon } from '../../widgets/Icon'
import { Panel } from '../../widgets/Panel'
import { type Look, State } from '../../widgets/State'
import { Time, useNow } from '../../widgets/Time'
import { say } from '../../widgets/Toasts'
import { momentOf } from '../../words/time'

const LOOKS: Readonly<Record<ReturnType<typeof freezeTime>, Look>> = {
  holds: { tone: 'busy', icon: 'snowflake', word: 'Holds now' },
  comes: { tone: 'wait', icon: 'clock', word: 'Comes' },
  over: { tone: 'idle', icon: 'check', word: 'Over' },
}

/** Times in which nothing may be promoted here. */
export function Freezes({ environment }: { environment: Environment }) {
  const now = useNow()
  const mayNot = useWhyNot('freeze.change')
  const [freezing, setFreezing] = useState(false)
  const [ending, setEnding] = useState<Freeze>()
  const open = environment.freezes.filter((freeze) => freezeTime(freeze, now) !== 'over')
  return (
    <Panel
      title="Freeze windows"
      side={
        <ActionButton size="compact-xs" variant="default" whyNot={mayNot} onClick={() => setFreezing(true)}>
          Freeze
        </ActionButton>
      }
    >
      {open.length === 0 && <p className="muted">None holds or comes.</p>}
      <ul className="stack near">
        {open.map((freeze) => (
          <li key={freeze.id} className="stack tight">
            <span className="row between">
              <State look={LOOKS[freezeTime(freeze, now)]} />
              <ActionButton size="compact-xs" variant="default" whyNot={mayNot} onClick={() => setEnding(freeze)}>
                End it
              </ActionButton>
            </span>
            <span>{freeze.reason}</span>
            <span className="muted small">
              <Time at={freeze.startsAt} exact /> until <Time at={freeze.endsAt} exact />, by {freeze.by.name}
            </span>
          </li>
        ))}
      </ul>
      <Coming environment={environment.name} />
      {freezing && <FreezeDialog environment={environment.name} close={() => setFreezing(false)} />}
      {ending && <EndDialog freeze={ending} close={() => setEnding(undefined)} />}
    </Panel>
  )
}

/** What rules freeze in the coming month; single windows stand above. */
function Coming({ environment }: { environment: string }) {
  const rows = useQuery(freezeCalendarQuery(environment)).data?.items.filter(({ byRule }) => byRule) ?? []
  if (rows.length === 0) return null
  return (
    <section aria-label="By rules, in the coming month">
      <p className="muted small">By rules, in the coming month</p>
      <ul className="stack tight">
        {rows.map((row) => (
          <li key={`${row.freeze} ${row.startsAt}`} className="small">
            <Time at={row.startsAt} exact /> until <Time at={row.endsAt} exact />: {row.reason}
            <span className="muted">
              {' '}
              ({row.freeze}
              {row.components.length > 0 && `, ${row.components.join(', ')}`})
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function FreezeDialog({ environment, close }: { environment: string; close: () => void }) {
  const [from, setFrom] = useState('')
  const [until, setUntil] = useState('')
  const [reason, setReason] = useState('')
  const act = useAct(
    (body: { environment: string; startsAt?: string; endsAt: string; reason: string }, headers) =>
      take(api.POST('/api/v1/freezes', { body, headers })),
    () => {
      say(`${environment} is frozen`)
      close()
    },
  )
  const endsAt = momentOf(until)
  const startsAt = momentOf(from)
  return (
    <Dialog
      title={`Freeze ${environment}`}
      submit="Freeze it"
      onClose={close}
      onSubmit={() =>
        endsAt && act.run({ environment, endsAt, reason, ...(startsAt === undefined ? {} : { startsAt }) })
      }
      busy={act.busy}
      ready={endsAt !== undefined && reason.trim() !== ''}
      problem={act.problem}
      command={commands.freeze(environment, endsAt ?? '', reason)}
    >
      <p>Promotions to {environment} are blocked while it holds. What runs goes on running.</p>
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
      <Textarea
        label="Reason"
        description="Everybody who is blocked by it reads this."
        required
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </Dialog>
  )
}

function EndDialog({ freeze, close }: { freeze: Freeze; close: () => void }) {
  const [reason, setReason] = useState('')
  const act = useAct(
    (body: { reason: string }, headers) =>
      take(api.POST('/api/v1/freezes/{freeze}/end', { params: { path: { freeze: freeze.id } }, body, headers })),
    () => {
      say(`The freeze of ${freeze.environment} ended`)
      close()
    },
  )
  return (
    <Dialog
      title={`End the freeze of ${freeze.environment}`}
      submit="End it now"
      onClose={close}
      onSubmit={() => act.run({ reason })}
      busy={act.busy}
      ready={reason.trim() !== ''}
      problem={act.problem}
      command={commands.endFreeze(freeze.id, reason)}
    >
      <p className="row">
        <Icon name="snowflake" /> {freeze.reason}
      </p>
      <Textarea
        label="Why now"
        data-autofocus
        required
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </Dialog>
  )
}
