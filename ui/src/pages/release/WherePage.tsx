import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useCallback } from 'react'
import { componentsQuery, radiusQuery } from '../../api/queries'
import { problemFrom } from '../../api/refused'
import type { Held, Radius, TouchedImage } from '../../api/types'
import { paths } from '../../paths'
import { Command } from '../../widgets/Copy'
import { Empty } from '../../widgets/Empty'
import { Filters, SearchBox } from '../../widgets/Filters'
import { Loading } from '../../widgets/Loading'
import { PageHead, Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { SeverityWord } from '../../widgets/Severity'
import { type Column, Table } from '../../widgets/Table'
import { commands } from '../../commands'
import { KnownBy } from '../finding/KnownBy'

const route = getRouteApi('/shell/where')

/** Every image, release, environment and target that a vulnerability reaches; or that holds a component. */
export function WherePage() {
  const { q = '' } = route.useSearch()
  const navigate = useNavigate()
  const onSearch = useCallback((text: string) => void navigate({ ...paths.where({ q: text }), replace: true }), [navigate])
  const name = q.trim()
  const radius = useQuery({ ...radiusQuery(name), enabled: name !== '' })
  const components = useQuery({ ...componentsQuery(name), enabled: name !== '' })
  const error = radius.error ?? components.error
  const images = radius.data?.images ?? []
  const held = components.data?.items ?? []
  return (
    <>
      <PageHead title="Where is it" sub={<KnownBy />} />
      <Filters>
        <SearchBox label="CVE, advisory or component" value={q} onChange={onSearch} />
      </Filters>
      {error && <Refusal problem={problemFrom(error)} />}
      {name === '' && (
        <Empty icon="map-pin" title="Ask for a vulnerability or a component">
          Over all scanned images: which of them have it, of which releases, and where those run now.
        </Empty>
      )}
      {name !== '' && (radius.isLoading || components.isLoading) && <Loading />}
      {radius.data && images.length > 0 && <Reached radius={radius.data} />}
      {held.length > 0 && (
        <Panel title={`Images that hold ${name}`} flush>
          <Table label="Components" rows={held} rowKey={(one) => `${one.scan} ${one.purl}`} columns={HELD} />
        </Panel>
      )}
      {name !== '' && radius.data && components.data && images.length === 0 && held.length === 0 && (
        <Empty icon="filter" title="In no image that was scanned">
          No finding and no component is called “{name}”. What was not scanned is not known.
        </Empty>
      )}
    </>
  )
}

function Reached({ radius }: { radius: Radius }) {
  return (
    <div className="stack">
      <Panel title="Where it runs now" label="Where it runs now">
        {radius.runsIn.length === 0 ? (
          <p className="muted">No release with such an image runs anywhere.</p>
        ) : (
          <ul>
            {radius.runsIn.map(({ environment, release, targets }) => (
              <li key={environment}>
                <Link {...paths.environment(environment)} className="strong">
                  {environment}
                </Link>
                : <Link {...paths.release(release.id)}>{release.name} {release.version}</Link> on {targets.join(', ')}
              </li>
            ))}
          </ul>
        )}
        {radius.releases.length > 0 && (
          <p>
            <span className="muted">Releases: </span>
            {radius.releases.map((release, index) => (
              <span key={release.id}>
                {index > 0 && ', '}
                <Link {...paths.release(release.id)}>{release.name} {release.version}</Link>
              </span>
            ))}
          </p>
        )}
      </Panel>
      <Panel
        title={`Images with ${radius.name}`}
        side={
          <>
            {radius.more && <span className="muted">and more</span>}
            <Link {...paths.advisory(radius.name)}>What is known of it</Link>
          </>
        }
        flush
      >
        <Table label="Images" rows={radius.images} rowKey={({ scan }) => scan} columns={IMAGES} />
      </Panel>
      <Command text={commands.findingWhere(radius.name)} label="the command that says so" />
    </div>
  )
}

const IMAGES: readonly Column<TouchedImage>[] = [
  { key: 'severity', head: 'Severity', cell: ({ severity }) => <SeverityWord severity={severity} /> },
  { key: 'image', head: 'Image', cell: ({ reference }) => <span className="mono clip">{reference}</span> },
  { key: 'platform', head: 'Platform', cell: ({ platform }) => <span className="muted">{platform}</span> },
  {
    key: 'counts',
    head: 'Counts',
    cell: ({ counts }) => (counts ? 'yes' : <span className="muted">settled by VEX</span>),
  },
]

const HELD: readonly Column<Held>[] = [
  { key: 'component', head: 'Component', cell: ({ purl }) => <span className="mono clip">{purl}</span> },
  { key: 'version', head: 'Version', cell: ({ version }) => version },
  { key: 'scan', head: 'Scan', cell: ({ scan }) => <span className="mono muted">{scan}</span> },
]
