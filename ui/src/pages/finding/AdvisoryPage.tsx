import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { advisoryQuery } from '../../api/findings'
import { radiusQuery } from '../../api/queries'
import { problemFrom } from '../../api/refused'
import type { Advisory, AdvisoryRating, AdvisoryRecord } from '../../api/types'
import { paths } from '../../paths'
import { Digest } from '../../widgets/Copy'
import { Loading } from '../../widgets/Loading'
import { PageHead, Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { FindingSeverity } from '../../widgets/FindingParts'
import { SeverityWord } from '../../widgets/Severity'
import { type Column, Table } from '../../widgets/Table'
import { AnswerPanel } from './AnswerPanel'
import { KnownBy } from './KnownBy'

const route = getRouteApi('/shell/advisories/$name')

/** What every source says of a vulnerability, where they disagree, and what the stored texts answer. */
export function AdvisoryPage() {
  const { name } = route.useParams()
  const found = useQuery({ ...advisoryQuery(name), retry: false })
  const reach = useQuery(radiusQuery(name)).data
  return (
    <>
      <PageHead title={name} sub={<KnownBy />} />
      <AnswerPanel key={name} about={name} />
      {found.isLoading && <Loading />}
      {found.error && <Refusal problem={problemFrom(found.error)} />}
      {found.data && <Sources advisory={found.data} />}
      {reach && (
        <Panel title="Where it is" label="Where it is" side={<Link {...paths.where({ q: name })}>All of it</Link>}>
          <p>
            {reach.images.length === 0
              ? 'In no image that was scanned; what was not scanned is not known.'
              : `In ${reach.images.length}${reach.more ? ' and more' : ''} scanned images; it runs in ${
                  reach.runsIn.map(({ environment }) => environment).join(', ') || 'no environment'
                }.`}
          </p>
        </Panel>
      )}
    </>
  )
}

function Sources({ advisory }: { advisory: Advisory }) {
  const disagree = advisory.records.filter((one) => one.dissent.length > 0 || one.ratings.length > 0)
  return (
    <>
      {advisory.records.length > 0 && (
        <Panel title="What advisories say" side={<Digest value={advisory.snapshot} label="snapshot" />} flush>
          <Table
            label="Advisories"
            rows={advisory.records}
            rowKey={(one) => `${one.id} ${one.ecosystem} ${one.package}`}
            columns={RECORDS}
          />
        </Panel>
      )}
      {disagree.length > 0 && (
        <Panel title="Where sources disagree" label="Where sources disagree">
          <ul className="stack tight">
            {disagree.flatMap((one) => [
              ...one.dissent.map((text) => (
                <li key={`${one.id} ${one.package} ${text}`}>
                  {one.id} says of {one.package} <code>{one.affected.join(' or ') || 'nothing'}</code>; <code>{text}</code>
                </li>
              )),
              ...one.ratings.map((rating) => (
                <li key={`${one.id} ${one.package} ${rating.source}`}>
                  {one.id} rates it <SeverityWord severity={one.severity} />, {rating.source}{' '}
                  <SeverityWord severity={rating.severity} />
                </li>
              )),
            ])}
          </ul>
        </Panel>
      )}
      {advisory.assessments.length > 0 && (
        <Panel title="What is said of the vulnerability itself" flush>
          <Table
            label="Assessments"
            rows={advisory.assessments}
            rowKey={(one) => one.source}
            columns={ASSESSMENTS}
          />
        </Panel>
      )}
    </>
  )
}

const RECORDS: readonly Column<AdvisoryRecord>[] = [
  {
    key: 'id',
    head: 'Advisory',
    cell: ({ id, aliases }) => (
      <span title={aliases.join(', ')} className="nowrap strong">
        {id}
      </span>
    ),
  },
  {
    key: 'package',
    head: 'Package',
    cell: (one) => (
      <span className="nowrap">
        {one.package} <span className="muted">{one.ecosystem}</span>
      </span>
    ),
  },
  {
    key: 'severity',
    head: 'Severity',
    cell: (one) => <FindingSeverity severity={one.severity} exploited={one.exploited} />,
  },
  { key: 'affected', head: 'Affected', cell: ({ affected }) => <code>{affected.slice(0, 5).join(' or ')}</code> },
  {
    key: 'fixed',
    head: 'Fixed in',
    cell: ({ fixed, outlook }) =>
      fixed.length > 0 ? <code>{fixed.join(', ')}</code> : <span className="muted">{outlook || 'no fix'}</span>,
  },
  { key: 'summary', head: 'What', width: '34%', cell: ({ summary }) => summary },
]

const ASSESSMENTS: readonly Column<AdvisoryRating>[] = [
  { key: 'source', head: 'Source', cell: ({ source }) => <span className="strong nowrap">{source}</span> },
  { key: 'severity', head: 'Severity', cell: ({ severity }) => <SeverityWord severity={severity} /> },
  { key: 'cvss', head: 'CVSS', cell: ({ cvss }) => <code className="muted">{cvss}</code> },
  { key: 'summary', head: 'In its words', width: '60%', cell: ({ summary }) => summary },
]
