import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { lastFactsQuery, machineLoginsQuery, machinesQuery } from '../../api/queries'
import { problemFrom } from '../../api/refused'
import { useWhyNot } from '../../api/session'
import type { Machine, MachineLogin } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { ActionButton } from '../../widgets/ActionButton'
import { Dialog } from '../../widgets/Dialog'
import { Loading } from '../../widgets/Loading'
import { Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { say } from '../../widgets/Toasts'
import { LastFacts } from './LastFacts'

/** Which jobs are let in by an issuer's word, which were here, and the last that were let in or refused. */
export function Machines() {
  const logins = useQuery(machineLoginsQuery)
  const machines = useQuery(machinesQuery)
  const exchanged = useQuery(lastFactsQuery('TokenExchanged'))
  const refused = useQuery(lastFactsQuery('ExchangeRefused'))
  const mayNot = useWhyNot('user.change')
  const [changing, setChanging] = useState<Machine>()
  return (
    <Panel title="Sign-in of machines" flush>
      {logins.isPending && <Loading inset lines={2} />}
      {logins.error && <Refusal problem={problemFrom(logins.error)} onRetry={() => void logins.refetch()} />}
      {logins.data?.items.length === 0 && (
        <p className="muted" style={{ padding: '12px 14px' }}>
          None. A document MachineLogin lets the jobs of a CI in by the token that it signs, without a stored secret.
        </p>
      )}
      {logins.data && logins.data.items.length > 0 && (
        <Table label="Machine logins" rows={logins.data.items} rowKey={({ name }) => name} columns={LOGINS} />
      )}
      {machines.data && machines.data.items.length > 0 && (
        <Table
          label="Machines"
          rows={machines.data.items}
          rowKey={({ id }) => id}
          columns={machineColumns(mayNot, setChanging)}
        />
      )}
      <LastFacts label="Let in" facts={exchanged.data?.items} />
      <LastFacts label="Refused" facts={refused.data?.items} />
      {changing && <Change machine={changing} close={() => setChanging(undefined)} />}
    </Panel>
  )
}

const LOGINS: readonly Column<MachineLogin>[] = [
  { key: 'name', head: 'Login', cell: (one) => <span className="strong">{one.name}</span> },
  {
    key: 'issuer',
    head: 'Issuer',
    cell: (one) => one.issuer ?? <State look={{ tone: 'bad', icon: 'ban', word: 'Its integration is off' }} />,
  },
  { key: 'claims', head: 'Claims', cell: (one) => claims(one) },
  { key: 'roles', head: 'Roles', cell: (one) => ((one.spec['roles'] ?? []) as string[]).join(', ') },
]

function claims(one: MachineLogin): string {
  const named = Object.entries((one.spec['claims'] ?? {}) as Record<string, string[]>)
  return named.map(([name, patterns]) => `${name}=${patterns.join('|')}`).join(' ')
}

function machineColumns(
  mayNot: string | undefined,
  onChange: (machine: Machine) => void,
): readonly Column<Machine>[] {
  return [
    { key: 'name', head: 'Machine', cell: (one) => <span className="strong">{one.name}</span> },
    { key: 'last', head: 'Last here', cell: (one) => <Time at={one.lastAt} /> },
    {
      key: 'state',
      head: 'State',
      cell: (one) => (
        <State
          look={
            one.disabled
              ? { tone: 'idle', icon: 'ban', word: 'Shut out' }
              : { tone: 'good', icon: 'check', word: 'Let in' }
          }
        />
      ),
    },
    {
      key: 'change',
      head: <span className="hidden">Actions</span>,
      align: 'right',
      cell: (one) => (
        <ActionButton size="compact-xs" variant="default" whyNot={mayNot} onClick={() => onChange(one)}>
          {one.disabled ? 'Let in' : 'Shut out'}
        </ActionButton>
      ),
    },
  ]
}

function Change({ machine, close }: { machine: Machine; close: () => void }) {
  const act = useAct(
    (body: { disabled: boolean }, headers) =>
      take(api.PATCH('/api/v1/machines/{machine}', { params: { path: { machine: machine.id } }, body, headers })),
    (changed) => {
      say(`${changed.name} is ${changed.disabled ? 'shut out' : 'let in again'}`)
      close()
    },
  )
  return (
    <Dialog
      title={`${machine.disabled ? 'Let in' : 'Shut out'} ${machine.name}`}
      submit={machine.disabled ? 'Let it in' : 'Shut it out'}
      grave={!machine.disabled}
      onClose={close}
      onSubmit={() => act.run({ disabled: !machine.disabled })}
      busy={act.busy}
      problem={act.problem}
      command={commands.changeMachine(machine.name, !machine.disabled)}
    >
      <p>
        {machine.disabled
          ? 'Its next token is exchanged again.'
          : 'What it was given ends now, and its tokens are exchanged no more.'}
      </p>
    </Dialog>
  )
}
