import { Checkbox } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { api, take } from '../../api/client'
import { secretsQuery } from '../../api/queries'
import { problemFrom } from '../../api/refused'
import { useWhyNot } from '../../api/session'
import type { Secret } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { ActionButton } from '../../widgets/ActionButton'
import { CopyButton } from '../../widgets/Copy'
import { Dialog } from '../../widgets/Dialog'
import { Empty } from '../../widgets/Empty'
import { Filters, SearchBox } from '../../widgets/Filters'
import { Icon } from '../../widgets/Icon'
import { Loading } from '../../widgets/Loading'
import { PageHead } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { say } from '../../widgets/Toasts'
import { count, holds } from '../../words/text'
import { Allowed, UseDialog } from './SecretUses'
import { SetSecretDialog } from './SetSecretDialog'

const route = getRouteApi('/shell/secrets')

type Open =
  | { kind: 'nothing' | 'new' | 'rotate' }
  | { kind: 'set' | 'delete'; secret: Secret }
  | { kind: 'allow' | 'forbid'; secret: Secret; integration: string }

/** The built-in store: what is in it, and everything that can be done to a secret but reading it. */
export function SecretsPage() {
  const { q = '' } = route.useSearch()
  const navigate = useNavigate()
  const mayNot = useWhyNot('secret.change')
  // Asking in vain would be recorded as a refusal.
  const secrets = useQuery({ ...secretsQuery, enabled: mayNot === undefined })
  const [open, setOpen] = useState<Open>({ kind: 'nothing' })
  const close = () => setOpen({ kind: 'nothing' })
  const onSearch = useCallback(
    (text: string) => void navigate({ ...paths.secrets({ q: text }), replace: true }),
    [navigate],
  )
  const all = secrets.data?.items ?? []
  const rows = all.filter((one) => holds(`${one.name} ${one.usedBy.join(' ')} ${one.changedBy.name}`, q))
  const store = (
    <ActionButton whyNot={mayNot} leftSection={<Icon name="plus" />} onClick={() => setOpen({ kind: 'new' })}>
      Store a secret
    </ActionButton>
  )
  return (
    <>
      <PageHead
        title="Secrets"
        sub="The built-in store: values go in, and come out only where an integration uses them"
        actions={
          all.length > 0 && (
            <>
              <ActionButton variant="default" whyNot={mayNot} leftSection={<Icon name="refresh" />} onClick={() => setOpen({ kind: 'rotate' })}>
                Rotate the key
              </ActionButton>
              {store}
            </>
          )
        }
      />
      {mayNot !== undefined && (
        <Empty icon="lock" title="The list of secrets is not for you">
          {mayNot}.
        </Empty>
      )}
      {secrets.isLoading && <Loading />}
      {secrets.error && <Refusal problem={problemFrom(secrets.error)} onRetry={() => void secrets.refetch()} />}
      {secrets.data && all.length === 0 && (
        <Empty icon="key" title="No secrets yet" action={store}>
          Integrations refer to one as secret://NAME. Where there is another store, they can read from that instead.
        </Empty>
      )}
      {all.length > 0 && (
        <Filters>
          <SearchBox label="Name or integration" value={q} onChange={onSearch} />
        </Filters>
      )}
      {rows.length > 0 && <Table label="Secrets" rows={rows} rowKey={({ name }) => name} columns={columns(setOpen)} fill />}
      {all.length > 0 && rows.length === 0 && (
        <Empty icon="filter" title="No secret is called so">
          There is none with “{q}” in its name, or used by an integration of that name.
        </Empty>
      )}
      {open.kind === 'new' && <SetSecretDialog close={close} />}
      {open.kind === 'set' && <SetSecretDialog name={open.secret.name} usedBy={open.secret.usedBy} close={close} />}
      {open.kind === 'delete' && <DeleteDialog secret={open.secret} close={close} />}
      {(open.kind === 'allow' || open.kind === 'forbid') && (
        <UseDialog verb={open.kind} secret={open.secret} integration={open.integration} close={close} />
      )}
      {open.kind === 'rotate' && <RotateDialog secrets={all.length} close={close} />}
    </>
  )
}

function columns(onOpen: (open: Open) => void): readonly Column<Secret>[] {
  return [
    {
      key: 'name',
      head: 'Secret',
      cell: ({ name }) => (
        <span className="row" style={{ gap: 2 }}>
          <span className="strong">{name}</span>
          <CopyButton text={`secret://${name}`} what="the reference" />
        </span>
      ),
    },
    { key: 'version', head: 'Version', align: 'right', cell: ({ version }) => version },
    {
      key: 'changed',
      head: 'Changed',
      cell: ({ changedAt, changedBy }) => (
        <span className="nowrap">
          <Time at={changedAt} /> <span className="muted">by {changedBy.name}</span>
        </span>
      ),
    },
    {
      key: 'used',
      head: 'Used by',
      cell: ({ usedBy }) =>
        usedBy.length === 0 ? (
          <span className="muted">nothing</span>
        ) : (
          <span className="row wrap">
            {usedBy.map((name) => (
              <Link key={name} {...paths.integration(name)}>
                {name}
              </Link>
            ))}
          </span>
        ),
    },
    {
      key: 'allowed',
      head: 'Allowed',
      cell: (secret) => (
        <Allowed secret={secret} onAsk={(kind, integration) => onOpen({ kind, secret, integration })} />
      ),
    },
    { key: 'key', head: 'Key', cell: ({ keyId }) => <code title={keyId}>{keyWord(keyId)}</code> },
    {
      key: 'do',
      head: <span className="hidden">Actions</span>,
      align: 'right',
      cell: (secret) => (
        <span className="row" style={{ justifyContent: 'flex-end' }}>
          <ActionButton size="compact-xs" variant="default" onClick={() => onOpen({ kind: 'set', secret })}>
            Set a new value
          </ActionButton>
          <ActionButton size="compact-xs" variant="default" onClick={() => onOpen({ kind: 'delete', secret })}>
            Delete
          </ActionButton>
        </span>
      ),
    },
  ]
}

function DeleteDialog({ secret, close }: { secret: Secret; close: () => void }) {
  const { name } = secret
  const act = useAct(
    (_: undefined, headers) => take(api.DELETE('/api/v1/secrets/{name}', { params: { path: { name } }, headers })),
    () => {
      say(`The secret ${name} is no more`)
      close()
    },
  )
  return (
    <Dialog
      title={`Delete ${name}`}
      submit="Delete it"
      grave
      onClose={close}
      onSubmit={() => act.run(undefined)}
      busy={act.busy}
      problem={act.problem}
      command={commands.deleteSecret(name)}
    >
      <p>Its value is gone for good. It is refused while an integration names it.</p>
    </Dialog>
  )
}

function RotateDialog({ secrets, close }: { secrets: number; close: () => void }) {
  const [isNew, setIsNew] = useState(true)
  const act = useAct(
    (_: undefined, headers) =>
      isNew ? take(api.POST('/api/v1/secrets/rotate-key', { headers })) : take(api.POST('/api/v1/secrets/rewrap', { headers })),
    (moved) => {
      say(`${count(moved.secrets, 'secret')} under the key ${keyWord(moved.keyId)}`)
      close()
    },
  )
  return (
    <Dialog
      title="Rotate the key"
      submit={isNew ? 'Rotate it' : 'Bring them under it'}
      onClose={close}
      onSubmit={() => act.run(undefined)}
      busy={act.busy}
      problem={act.problem}
      command={isNew ? commands.rotateSecretKey() : commands.rewrapSecrets()}
    >
      <Checkbox label="Make a new key" checked={isNew} onChange={({ currentTarget }) => setIsNew(currentTarget.checked)} />
      {isNew ? (
        <p>
          A new key is made, and {count(secrets, 'secret')} put under it; no value is decrypted for that. The server goes
          on working. The key before it stays until the next time.
        </p>
      ) : (
        <p>
          {count(secrets, 'secret')} come under the active key of the keeper that the settings name first: after another
          keeper was named there, or it has a newer key.
        </p>
      )}
    </Dialog>
  )
}

/** A key of files by its beginning; one that is kept elsewhere by its name and version there. */
const keyWord = (keyId: string): string => (keyId.includes('#') ? keyId.slice(keyId.lastIndexOf('/') + 1) : keyId.slice(0, 12))
