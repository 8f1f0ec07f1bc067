import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useCallback } from 'react'
import { releasesQuery } from '../../api/queries'
import { useWhyNot } from '../../api/session'
import type { Release } from '../../api/types'
import { usePages } from '../../api/usePages'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { RELEASE, total } from '../../release/scans'
import { ActionButton } from '../../widgets/ActionButton'
import { Digest } from '../../widgets/Copy'
import { Empty } from '../../widgets/Empty'
import { Filters, SearchBox } from '../../widgets/Filters'
import { Icon } from '../../widgets/Icon'
import { PageHead } from '../../widgets/Panel'
import { SeverityCounts } from '../../widgets/Severity'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'

const route = getRouteApi('/shell/releases')

const COLUMNS: readonly Column<Release>[] = [
  {
    key: 'name',
    head: 'Release',
    cell: (release) => (
      <Link {...paths.release(release.id)} className="strong">
        {release.name} {release.version}
      </Link>
    ),
  },
  { key: 'state', head: 'State', cell: (release) => <State look={lookOf(RELEASE, release.state)} /> },
  {
    key: 'digest',
    head: 'Release digest',
    cell: (release) => <Digest value={release.releaseDigest} label="release digest" />,
  },
  {
    key: 'components',
    head: 'Components',
    cell: (release) => <span className="muted">{release.components.map(({ name }) => name).join(', ')}</span>,
  },
  { key: 'findings', head: 'Findings', cell: (release) => <Findings release={release} /> },
  {
    key: 'runs',
    head: 'Runs in',
    cell: (release) => {
      const now = release.environments.filter(({ current }) => current)
      if (now.length === 0) return <span className="muted">nowhere</span>
      return now.map(({ environment }) => environment).join(', ')
    },
  },
  {
    key: 'created',
    head: 'Created',
    cell: (release) => (
      <span className="muted">
        <Time at={release.createdAt} /> by {release.createdBy.name}
      </span>
    ),
  },
]

export function Findings({ release }: { release: Pick<Release, 'components'> }) {
  const { counts, kev, missing } = total(release.components)
  return (
    <span className="row">
      <SeverityCounts counts={counts} kev={kev} />
      {missing > 0 && (
        <span className="small" title="Platforms whose scan is not finished: their findings are not in these numbers">
          <State look={{ tone: 'open', icon: 'help-circle', word: `${missing} unscanned` }} />
        </span>
      )}
    </span>
  )
}

export function ReleasesPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const whyNot = useWhyNot('release.create')
  const { rows, more } = usePages(releasesQuery(search))
  const onSearch = useCallback(
    (q: string) => void navigate({ ...paths.releases({ q }), replace: true }),
    [navigate],
  )
  const create = (
    <ActionButton
      whyNot={whyNot}
      leftSection={<Icon name="plus" />}
      onClick={() => void navigate(paths.newRelease())}
    >
      Create a release
    </ActionButton>
  )
  return (
    <>
      <PageHead title="Releases" sub="Sets of image digests that go together, sealed when they are made" actions={rows.length > 0 || search.q ? create : undefined} />
      <Filters>
        <SearchBox label="Name or version" value={search.q ?? ''} onChange={onSearch} />
      </Filters>
      {rows.length > 0 && (
        <Table label="Releases" rows={rows} rowKey={({ id }) => id} columns={COLUMNS} more={more} fill />
      )}
      {rows.length === 0 && search.q && (
        <Empty icon="filter" title="No release is called so">
          There is none with “{search.q}” in its name or version.
        </Empty>
      )}
      {rows.length === 0 && !search.q && (
        <Empty
          icon="package"
          title="No releases yet"
          command={commands.firstRelease()}
          action={create}
        >
          A release resolves each tag to a digest once, and keeps it.
        </Empty>
      )}
    </>
  )
}
