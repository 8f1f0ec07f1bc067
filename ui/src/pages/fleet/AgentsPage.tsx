import { Textarea } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { agentsQuery } from '../../api/queries'
import { useWhyNot } from '../../api/session'
import type { Agent } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { AGENT } from '../../fleet/states'
import { lookOf } from '../../promotion/states'
import { ActionButton } from '../../widgets/ActionButton'
import { Dialog } from '../../widgets/Dialog'
import { Empty } from '../../widgets/Empty'
import { Icon } from '../../widgets/Icon'
import { PageHead } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { say } from '../../widgets/Toasts'
import { EnrolDialog } from './EnrolDialog'

const REFRESH_MS = 15_000

/** The programs on the hosts, which fetch signed orders and report. */
export function AgentsPage() {
  // A heartbeat is no fact: when one was last seen is asked for.
  const agents = useSuspenseQuery({ ...agentsQuery, refetchInterval: REFRESH_MS }).data.items
  const mayNot = useWhyNot('agent.enrol')
  const [enrolling, setEnrolling] = useState(false)
  const [revoking, setRevoking] = useState<Agent>()
  const enrol = (
    <ActionButton whyNot={mayNot} leftSection={<Icon name="plus" />} onClick={() => setEnrolling(true)}>
      Enrol an agent
    </ActionButton>
  )
  return (
    <>
      <PageHead
        title="Agents"
        sub="They call out from their hosts; nothing here ever calls in"
        actions={agents.length > 0 ? enrol : undefined}
      />
      {agents.length > 0 ? (
        <Table label="Agents" rows={agents} rowKey={({ id }) => id} columns={columns(mayNot, setRevoking)} fill />
      ) : (
        <Empty icon="server-2" title="No agents yet" action={enrol}>
          An agent runs on each host that releases are deployed to. Enrolling one gives you a command to run there.
        </Empty>
      )}
      {enrolling && <EnrolDialog known={agents.map(({ name }) => name)} close={() => setEnrolling(false)} />}
      {revoking && <RevokeDialog agent={revoking} close={() => setRevoking(undefined)} />}
    </>
  )
}

function columns(mayNot: string | undefined, onRevoke: (agent: Agent) => void): readonly Column<Agent>[] {
  return [
    { key: 'name', head: 'Agent', cell: (agent) => <span className="strong">{agent.name}</span> },
    { key: 'state', head: 'State', cell: (agent) => <State look={lookOf(AGENT, agent.state)} /> },
    {
      key: 'seen',
      head: 'Last seen',
      cell: (agent) =>
        agent.lastSeenAt ? <Time at={agent.lastSeenAt} /> : <span className="muted">never</span>,
    },
    { key: 'connectors', head: 'Connectors', cell: (agent) => <Connectors of={agent.connectors} /> },
    {
      key: 'targets',
      head: 'Targets',
      cell: (agent) => agent.targets.join(', ') || <span className="muted">none</span>,
    },
    { key: 'version', head: 'Version', cell: (agent) => agent.version ?? <span className="muted">unknown</span> },
    {
      key: 'certificate',
      head: 'Certificate',
      cell: (agent) => (
        <span className="muted">
          ends <Time at={agent.certificateExpiresAt} />
        </span>
      ),
    },
    {
      key: 'revoke',
      head: <span className="hidden">Actions</span>,
      align: 'right',
      cell: (agent) => (
        <ActionButton
          size="compact-xs"
          variant="default"
          whyNot={agent.state === 'revoked' ? `It is revoked: ${agent.revokedReason ?? ''}` : mayNot}
          onClick={() => onRevoke(agent)}
        >
          Revoke
        </ActionButton>
      ),
    },
  ]
}

function Connectors({ of }: { of: Agent['connectors'] }) {
  if (of.length === 0) return <span className="muted">none reported</span>
  return (
    <span className="row wrap">
      {of.map(({ kind, version, engine, problem }) => (
        <span key={kind} title={problem ?? `${kind} ${version}${engine ? ` on ${engine}` : ''}`}>
          {problem === null ? kind : <State look={{ tone: 'bad', icon: 'alert-triangle', word: kind }} />}
        </span>
      ))}
    </span>
  )
}

function RevokeDialog({ agent, close }: { agent: Agent; close: () => void }) {
  const [reason, setReason] = useState('')
  const act = useAct(
    (body: { reason: string }, headers) =>
      take(api.POST('/api/v1/agents/{agent}/revoke', { params: { path: { agent: agent.id } }, body, headers })),
    () => {
      say(`${agent.name} is revoked`)
      close()
    },
  )
  return (
    <Dialog
      title={`Revoke ${agent.name}`}
      submit="Revoke it"
      grave
      onClose={close}
      onSubmit={() => act.run({ reason })}
      busy={act.busy}
      ready={reason.trim() !== ''}
      problem={act.problem}
      command={commands.revokeAgent(agent.name, reason)}
    >
      <p>Its certificate is refused from now on, and it gets no more orders. To come back it must be enrolled anew.</p>
      <Textarea
        label="Reason"
        data-autofocus
        required
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </Dialog>
  )
}
