import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useCallback } from 'react'
import { integrationsQuery } from '../../api/queries'
import { useWhyNot } from '../../api/session'
import type { Integration } from '../../api/types'
import { kindWithin } from '../../hub/states'
import { paths } from '../../paths'
import { ActionButton } from '../../widgets/ActionButton'
import { Empty } from '../../widgets/Empty'
import { Filters, SearchBox } from '../../widgets/Filters'
import { Icon } from '../../widgets/Icon'
import { PageHead } from '../../widgets/Panel'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { holds } from '../../words/text'
import { Due } from './Due'
import { HealthNow } from './HealthNow'
import style from './Hub.module.css'

const route = getRouteApi('/shell/integrations')

/** Health is looked at by the server now and then, and leaves a fact only where it changed. */
export const REFRESH_MS = 15_000

const COLUMNS: readonly Column<Integration>[] = [
  {
    key: 'name',
    head: 'Integration',
    cell: ({ name }) => (
      <Link {...paths.integration(name)} className="strong">
        {name}
      </Link>
    ),
  },
  {
    key: 'kind',
    head: 'Connector',
    cell: ({ kind, title }) => (
      <span className="nowrap">
        {title}
        {!title.toLowerCase().includes(kindWithin(kind).toLowerCase()) && (
          <span className="muted"> {kindWithin(kind)}</span>
        )}
      </span>
    ),
  },
  {
    key: 'endpoint',
    head: 'Endpoint',
    cell: ({ kind, endpoint }) =>
      kind === 'webhook' ? (
        <span className="muted">sends to us</span>
      ) : (
        <code className={style.endpoint} title={endpoint}>
          {endpoint}
        </code>
      ),
  },
  { key: 'health', head: 'Health', cell: (integration) => <HealthNow of={integration} why /> },
  {
    key: 'used',
    head: 'Last used',
    cell: ({ usedAt }) => (usedAt === null ? <span className="muted">never</span> : <Time at={usedAt} />),
  },
  { key: 'due', head: 'Credentials due', cell: (integration) => <Due of={integration} /> },
]

/** How outside services are reached, and whether they are. */
export function IntegrationsPage() {
  const { q = '' } = route.useSearch()
  const navigate = useNavigate()
  const mayNot = useWhyNot('integration.change')
  const all = useSuspenseQuery({ ...integrationsQuery, refetchInterval: REFRESH_MS }).data.items
  const rows = all.filter((one) => holds(`${one.name} ${one.kind} ${one.title} ${one.endpoint}`, q))
  const onSearch = useCallback(
    (text: string) => void navigate({ ...paths.integrations({ q: text }), replace: true }),
    [navigate],
  )
  const add = (
    <ActionButton whyNot={mayNot} leftSection={<Icon name="plus" />} onClick={() => void navigate(paths.newIntegration())}>
      Add an integration
    </ActionButton>
  )
  return (
    <>
      <PageHead
        title="Integrations"
        sub="How outside services are reached, with credentials by reference"
        actions={all.length > 0 ? add : undefined}
      />
      {all.length === 0 ? (
        <Empty icon="plug" title="No integrations yet" action={add}>
          A registry that wants a password, or that lies in a private network, needs one; so does a secret store.
        </Empty>
      ) : (
        <Filters>
          <SearchBox label="Name, kind or endpoint" value={q} onChange={onSearch} />
        </Filters>
      )}
      {rows.length > 0 && <Table label="Integrations" rows={rows} rowKey={({ name }) => name} columns={COLUMNS} fill />}
      {all.length > 0 && rows.length === 0 && (
        <Empty icon="filter" title="No integration is called so">
          There is none with “{q}” in its name, kind or endpoint.
        </Empty>
      )}
    </>
  )
}
