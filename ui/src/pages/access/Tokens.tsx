import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { tokensQuery } from '../../api/queries'
import { problemFrom } from '../../api/refused'
import { useMe } from '../../api/session'
import type { MadeToken, Role, Token } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { Above } from '../../widgets/Above'
import { ActionButton } from '../../widgets/ActionButton'
import { Command } from '../../widgets/Copy'
import { Dialog } from '../../widgets/Dialog'
import { Icon } from '../../widgets/Icon'
import { Loading } from '../../widgets/Loading'
import { Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { say } from '../../widgets/Toasts'
import { RolePicker } from './RolePicker'
import { ROLES } from './roles'

const DAYS = [7, 30, 90, 365] as const

export function Tokens() {
  const tokens = useQuery(tokensQuery)
  const [creating, setCreating] = useState(false)
  const [removing, setRemoving] = useState<Token>()
  return (
    <Panel
      title="Tokens"
      flush
      side={
        <ActionButton
          size="compact-xs"
          variant="default"
          leftSection={<Icon name="plus" size={14} />}
          onClick={() => setCreating(true)}
        >
          Create a token
        </ActionButton>
      }
    >
      {tokens.isPending && <Loading inset lines={3} />}
      {tokens.error && <Refusal problem={problemFrom(tokens.error)} onRetry={() => void tokens.refetch()} />}
      {tokens.data?.items.length === 0 && (
        <p className="muted" style={{ padding: '12px 14px' }}>
          No tokens. A program that has no issuer to vouch for it signs in with one.
        </p>
      )}
      {tokens.data && tokens.data.items.length > 0 && (
        <Table label="Tokens" rows={tokens.data.items} rowKey={({ id }) => id} columns={columns(setRemoving)} />
      )}
      {creating && <NewTokenDialog close={() => setCreating(false)} />}
      {removing && <Remove token={removing} close={() => setRemoving(undefined)} />}
    </Panel>
  )
}

function columns(onRemove: (token: Token) => void): readonly Column<Token>[] {
  return [
    { key: 'name', head: 'Name', cell: (token) => <span className="strong">{token.name}</span> },
    {
      key: 'user',
      head: 'Acts for',
      cell: (token) => token.user.name,
    },
    { key: 'roles', head: 'Roles', cell: (token) => token.roles.join(', ') },
    { key: 'made', head: 'Made', cell: (token) => <Time at={token.createdAt} /> },
    {
      key: 'ends',
      head: 'Ends',
      cell: (token) => <Time at={token.expiresAt} />,
    },
    {
      key: 'remove',
      head: <span className="hidden">Actions</span>,
      align: 'right',
      cell: (token) => (
        <ActionButton size="compact-xs" variant="default" onClick={() => onRemove(token)}>
          Delete
        </ActionButton>
      ),
    },
  ]
}

function NewTokenDialog({ close }: { close: () => void }) {
  const me = useMe().user
  const [name, setName] = useState('')
  const [roles, setRoles] = useState<Role[]>(ROLES.map(([role]) => role).filter((role) => me.roles.includes(role)))
  const [days, setDays] = useState<number>(DAYS[2])
  const [given, setGiven] = useState<MadeToken>()
  const act = useAct(
    (body: { name: string; roles: Role[]; expiresInDays: number }, headers) =>
      take(api.POST('/api/v1/tokens', { body, headers })),
    setGiven,
  )
  if (given !== undefined) return <Given token={given} close={close} />
  return (
    <Dialog
      title="Create a token"
      submit="Create"
      onClose={close}
      onSubmit={() => act.run({ name: name.trim(), roles, expiresInDays: days })}
      busy={act.busy}
      ready={name.trim() !== '' && roles.length > 0}
      problem={act.problem}
      command={commands.createToken(name, roles, days)}
    >
      <TextInput
        label="Name"
        placeholder="ci"
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <NativeSelect
        label="Good for"
        value={String(days)}
        onChange={(event) => setDays(Number(event.currentTarget.value))}
        data={DAYS.map((number) => ({ value: String(number), label: `${number} days` }))}
      />
      <RolePicker roles={roles} onChange={setRoles} />
    </Dialog>
  )
}

function Given({ token, close }: { token: MadeToken; close: () => void }) {
  return (
    <Above title={`Token ${token.name}`} onClose={close}>
      <div className="stack">
        <p>Copy it now: it is not shown again.</p>
        <Command text={token.token} label="the token" />
        <Command text={`export STELLA_URL=${window.location.origin} STELLA_TOKEN=${token.token}`} label="for a shell" />
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={close}>
            Done
          </Button>
        </div>
      </div>
    </Above>
  )
}

function Remove({ token, close }: { token: Token; close: () => void }) {
  const act = useAct(
    (_: undefined, headers) =>
      take(api.DELETE('/api/v1/tokens/{token}', { params: { path: { token: token.id } }, headers })),
    () => {
      say(`Token ${token.name} is gone`)
      close()
    },
  )
  return (
    <Dialog
      title={`Delete the token ${token.name}`}
      submit="Delete it"
      grave
      onClose={close}
      onSubmit={() => act.run(undefined)}
      busy={act.busy}
      problem={act.problem}
    >
      <p>Whatever signs in with it is refused from now on.</p>
    </Dialog>
  )
}
