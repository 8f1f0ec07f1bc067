import { PasswordInput, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { usersQuery } from '../../api/queries'
import { problemFrom } from '../../api/refused'
import { useMe, useWhyNot } from '../../api/session'
import type { Role, User } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { ActionButton } from '../../widgets/ActionButton'
import { Dialog } from '../../widgets/Dialog'
import { Icon } from '../../widgets/Icon'
import { Loading } from '../../widgets/Loading'
import { Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { say } from '../../widgets/Toasts'
import { Addresses } from './Addresses'
import { RolePicker } from './RolePicker'
import { ROLES } from './roles'

type Open = { kind: 'nothing' } | { kind: 'new' } | { kind: 'change' | 'addresses'; user: User }

export function Users() {
  const mayNot = useWhyNot('user.change')
  // Asking in vain would be recorded as a refusal.
  const users = useQuery({ ...usersQuery, enabled: mayNot === undefined })
  const [open, setOpen] = useState<Open>({ kind: 'nothing' })
  const close = () => setOpen({ kind: 'nothing' })
  return (
    <Panel
      title="Users"
      flush
      side={
        <ActionButton
          size="compact-xs"
          variant="default"
          whyNot={mayNot}
          leftSection={<Icon name="plus" size={14} />}
          onClick={() => setOpen({ kind: 'new' })}
        >
          Add a user
        </ActionButton>
      }
    >
      {mayNot && <p className="muted" style={{ padding: '12px 14px' }}>{mayNot}.</p>}
      {users.isLoading && <Loading inset lines={3} />}
      {users.error && <Refusal problem={problemFrom(users.error)} onRetry={() => void users.refetch()} />}
      {users.data && (
        <Table
          label="Users"
          rows={users.data.items}
          rowKey={({ id }) => id}
          columns={columns(mayNot, (kind, user) => setOpen({ kind, user }))}
        />
      )}
      {open.kind === 'new' && <NewUser close={close} />}
      {open.kind === 'addresses' && <Addresses user={open.user} close={close} />}
      {open.kind === 'change' && <ChangeUser user={open.user} close={close} />}
    </Panel>
  )
}

function columns(
  mayNot: string | undefined,
  onOpen: (kind: 'change' | 'addresses', user: User) => void,
): readonly Column<User>[] {
  return [
    { key: 'name', head: 'Name', cell: (user) => <span className="strong">{user.name}</span> },
    { key: 'roles', head: 'Roles', cell: (user) => user.roles.join(', ') || <span className="muted">none</span> },
    { key: 'from', head: 'Comes from', cell: (user) => <ComesFrom user={user} /> },
    {
      key: 'addresses',
      head: 'Commits as',
      cell: (user) => user.addresses.join(', ') || <span className="muted">nobody knows</span>,
    },
    {
      key: 'state',
      head: 'State',
      cell: (user) => (
        <State
          look={
            user.disabled
              ? { tone: 'idle', icon: 'ban', word: 'Disabled' }
              : { tone: 'good', icon: 'check', word: 'Active' }
          }
        />
      ),
    },
    {
      key: 'change',
      head: <span className="hidden">Actions</span>,
      align: 'right',
      cell: (user) => (
        <span className="row nowrap">
          <ActionButton size="compact-xs" variant="default" whyNot={mayNot} onClick={() => onOpen('addresses', user)}>
            Addresses
          </ActionButton>
          <ActionButton size="compact-xs" variant="default" whyNot={mayNot} onClick={() => onOpen('change', user)}>
            Change
          </ActionButton>
        </span>
      ),
    },
  ]
}

/** Made here, made for somebody whom another vouches for, or linked to them by an administrator. */
function ComesFrom({ user }: { user: User }) {
  if (user.outside.length === 0) return <span className="muted">this server</span>
  return user.outside.map((one) => (
    <span key={`${one.issuer} ${one.subject}`} title={`${one.issuer}: ${one.subject}`}>
      {one.signIn}
      {one.isLinked && ' (linked)'}{' '}
    </span>
  ))
}

function NewUser({ close }: { close: () => void }) {
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [roles, setRoles] = useState<Role[]>(['viewer'])
  const act = useAct(
    (body: { name: string; password?: string; roles: Role[] }, headers) =>
      take(api.POST('/api/v1/users', { body, headers })),
    (user) => {
      say(`${user.name} may sign in`)
      close()
    },
  )
  return (
    <Dialog
      title="Add a user"
      submit="Add"
      onClose={close}
      onSubmit={() => act.run({ name: name.trim(), roles, ...(password === '' ? {} : { password }) })}
      busy={act.busy}
      ready={name.trim() !== '' && password !== '' && roles.length > 0}
      problem={act.problem}
      command={commands.createUser(name, roles)}
    >
      <TextInput
        label="Name"
        data-autofocus
        autoComplete="off"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <PasswordInput
        label="First password"
        autoComplete="new-password"
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <RolePicker roles={roles} onChange={setRoles} />
    </Dialog>
  )
}

function ChangeUser({ user, close }: { user: User; close: () => void }) {
  const me = useMe().user
  const [roles, setRoles] = useState<Role[]>(ROLES.map(([role]) => role).filter((role) => user.roles.includes(role)))
  const [password, setPassword] = useState('')
  const isMade = user.outside.some((one) => !one.isLinked)
  const params = { path: { user: user.id } }
  const act = useAct(
    (body: { roles?: Role[]; disabled?: boolean; password?: string }, headers) =>
      take(api.PATCH('/api/v1/users/{user}', { params, body, headers })),
    () => {
      say(`${user.name} was changed`)
      close()
    },
  )
  return (
    <Dialog
      title={`Change ${user.name}`}
      submit="Change"
      onClose={close}
      onSubmit={() => act.run({ roles, ...(password === '' ? {} : { password }) })}
      busy={act.busy}
      ready={roles.length > 0}
      problem={act.problem}
    >
      {isMade ? (
        <p className="muted small">Its roles are what groups say at each sign-in, and it has no password here.</p>
      ) : (
        <>
          <RolePicker roles={roles} onChange={setRoles} />
          <PasswordInput
            label="New password"
            description="Empty leaves it as it is."
            autoComplete="new-password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
        </>
      )}
      <div>
        <ActionButton
          variant="default"
          whyNot={user.id === me.id ? 'You cannot shut yourself out' : undefined}
          leftSection={<Icon name={user.disabled ? 'check' : 'ban'} />}
          onClick={() => act.run({ disabled: !user.disabled })}
        >
          {user.disabled ? 'Let them in again' : 'Disable'}
        </ActionButton>
      </div>
    </Dialog>
  )
}
