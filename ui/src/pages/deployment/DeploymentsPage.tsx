import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { deploymentsQuery, environmentsQuery } from '../../api/queries'
import type { Deployment } from '../../api/types'
import { usePages } from '../../api/usePages'
import { DEPLOYMENT, TARGET } from '../../deployment/states'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { Empty } from '../../widgets/Empty'
import { Choice, Filters } from '../../widgets/Filters'
import { Icon } from '../../widgets/Icon'
import { PageHead } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { Time, useNow } from '../../widgets/Time'
import { took } from '../../words/time'

const route = getRouteApi('/shell/deployments')
const STATES = Object.entries(DEPLOYMENT).map(([state, look]) => [state, look.word] as const)

const COLUMNS: readonly Column<Deployment>[] = [
  {
    key: 'what',
    head: 'Deployment',
    cell: (deployment) => (
      <Link {...paths.deployment(deployment.id)} className="row nowrap strong">
        {deployment.release.name} {deployment.release.version}
        <Icon name={deployment.rollback ? 'arrow-back-up' : 'arrow-right'} size={14} />
        {deployment.environment}
      </Link>
    ),
  },
  { key: 'state', head: 'State', cell: (deployment) => <State look={lookOf(DEPLOYMENT, deployment.state)} /> },
  {
    key: 'targets',
    head: 'Targets',
    cell: (deployment) => (
      <span className="row wrap">
        {deployment.targets.map((target) => (
          <State key={`${target.target}${target.purpose}`} look={{ ...lookOf(TARGET, target.state), word: target.target }} />
        ))}
      </span>
    ),
  },
  {
    key: 'before',
    head: 'Before it',
    cell: (deployment) => <span className="muted">{deployment.previous?.version ?? 'nothing'}</span>,
  },
  { key: 'took', head: 'Took', cell: (deployment) => <Took of={deployment} /> },
  {
    key: 'at',
    head: 'Started',
    cell: (deployment) => (
      <span className="muted">
        <Time at={deployment.startedAt} /> by {deployment.requestedBy.name}
      </span>
    ),
  },
]

export function Took({ of }: { of: Pick<Deployment, 'startedAt' | 'endedAt'> }) {
  const now = useNow()
  return <span className="nowrap">{took(of.startedAt, of.endedAt, now)}</span>
}

export function DeploymentsPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const environments = useSuspenseQuery(environmentsQuery).data.items
  const { rows, more } = usePages(deploymentsQuery(search))
  const set = (change: typeof search) =>
    void navigate({ ...paths.deployments({ ...search, ...change }), replace: true })
  const filtered = Object.values(search).some(Boolean)
  return (
    <>
      <PageHead title="Deployments" sub="What was done on which hosts, and how it ended" />
      <Filters>
        <Choice
          label="Environment"
          value={search.environment}
          options={environments.map(({ name }) => [name, name])}
          onChange={(environment) => set({ environment })}
        />
        <Choice label="State" value={search.state} options={STATES} onChange={(state) => set({ state })} />
      </Filters>
      {rows.length > 0 && (
        <Table label="Deployments" rows={rows} rowKey={({ id }) => id} columns={COLUMNS} more={more} fill />
      )}
      {rows.length === 0 && (
        <Empty icon={filtered ? 'filter' : 'rocket'} title={filtered ? 'No deployment fits these filters' : 'No deployments yet'}>
          {filtered ? 'Empty the filters to see all of them.' : 'A promotion whose gates all pass is deployed at once.'}
        </Empty>
      )}
    </>
  )
}
