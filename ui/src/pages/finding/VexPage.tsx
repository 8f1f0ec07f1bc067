import { useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api, take } from '../../api/client'
import { vexDocumentsQuery, vexFeedsQuery } from '../../api/findings'
import { useWhyNot } from '../../api/session'
import type { VexDocument, VexFeed } from '../../api/types'
import { useAct } from '../../api/useAct'
import { usePages } from '../../api/usePages'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { ActionButton } from '../../widgets/ActionButton'
import { Command, Digest } from '../../widgets/Copy'
import { Empty } from '../../widgets/Empty'
import { Icon } from '../../widgets/Icon'
import { PageHead, Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { say } from '../../widgets/Toasts'

/** A look at a feed leaves a fact only where something changed. */
const REFRESH_MS = 5_000

/** Who says whether findings matter: the feeds that are followed, and every document. */
export function VexPage() {
  const feeds = useSuspenseQuery({ ...vexFeedsQuery, refetchInterval: REFRESH_MS }).data.items
  const { rows, more } = usePages(vexDocumentsQuery)
  return (
    <>
      <PageHead title="VEX" sub="Who says whether findings matter, and where it came from" />
      {feeds.length > 0 && (
        <Panel title="Feeds" label="Feeds" flush side={<Command text={commands.syncVex()} label="the command that looks now" />}>
          <Table label="Feeds" rows={feeds} rowKey={({ name }) => name} columns={FEEDS} />
        </Panel>
      )}
      {rows.length > 0 ? (
        <Table label="VEX documents" rows={rows} rowKey={({ id }) => id} columns={DOCUMENTS} more={more} fill />
      ) : (
        <Empty icon="file-text" title="Nobody has said anything yet">
          Say on a finding whether it matters, hand documents in, or follow a feed by an integration whose content is VEX.
        </Empty>
      )}
    </>
  )
}

function Look({ feed }: { feed: VexFeed }) {
  const mayNot = useWhyNot('vex.apply')
  const looked = [feed.checkedAt ?? '', feed.troubleAt ?? ''].toSorted().at(-1) ?? ''
  const isWaiting = feed.askedAt !== null && feed.askedAt > looked
  const act = useAct(
    (_: undefined, headers) =>
      take(api.POST('/api/v1/vex-feeds/{name}/sync', { params: { path: { name: feed.name } }, headers })),
    () => say(`${feed.name} is looked at`),
  )
  return (
    <>
      <ActionButton
        size="compact-xs"
        variant="default"
        whyNot={feed.enabled ? mayNot : 'Its integration is switched off'}
        loading={act.busy || isWaiting}
        leftSection={<Icon name="refresh" size={14} />}
        onClick={() => act.run(undefined)}
      >
        Look now
      </ActionButton>
      {act.problem && <Refusal problem={act.problem} />}
    </>
  )
}

const FEEDS: readonly Column<VexFeed>[] = [
  {
    key: 'name',
    head: 'Feed',
    cell: ({ name, endpoint }) => (
      <Link {...paths.integration(name)} className="strong" title={endpoint}>
        {name}
      </Link>
    ),
  },
  {
    key: 'issuer',
    head: 'Whose',
    cell: ({ issuer }) =>
      issuer === '' ? <span className="muted">nobody names it: unsigned documents count for nothing</span> : issuer,
  },
  {
    key: 'documents',
    head: 'Documents',
    align: 'right',
    cell: ({ documents, unread }) => (
      <span className="nowrap">
        {documents}
        {unread > 0 && <span className="muted"> ({unread} unread)</span>}
      </span>
    ),
  },
  {
    key: 'checked',
    head: 'As of',
    cell: ({ checkedAt }) => (checkedAt === null ? <span className="muted">never asked</span> : <Time at={checkedAt} />),
  },
  {
    key: 'changed',
    head: 'Changed',
    cell: ({ changedAt }) => (changedAt === null ? <span className="muted">never</span> : <Time at={changedAt} />),
  },
  {
    key: 'state',
    head: 'State',
    width: '34%',
    cell: ({ trouble, checkedAt }) =>
      trouble === '' ? (
        <State look={checkedAt === null ? { tone: 'wait', icon: 'clock', word: 'waiting' } : { tone: 'good', icon: 'circle-check', word: 'up to date' }} />
      ) : (
        <span className="stack tight">
          <State look={{ tone: 'bad', icon: 'alert-triangle', word: 'not brought up to date' }} />
          <span className="muted">{trouble}</span>
        </span>
      ),
  },
  { key: 'look', head: <span className="hidden">Look</span>, align: 'right', cell: (feed) => <Look feed={feed} /> },
]

/** From where a document came, for people. */
function Source({ source }: { source: string }) {
  if (source === '') return <span className="muted">handed in</span>
  if (!source.startsWith('image:')) return <Link {...paths.integration(source)}>{source}</Link>
  return (
    <span className="nowrap">
      beside <Digest value={source.slice('image:'.length)} label="image" />
    </span>
  )
}

const DOCUMENTS: readonly Column<VexDocument>[] = [
  {
    key: 'author',
    head: 'Document',
    cell: ({ author, saidId, id }) => (
      <span title={saidId || id} className="clip">
        {author || saidId || id}
      </span>
    ),
  },
  {
    key: 'issuer',
    head: 'Issuer',
    cell: ({ issuer, basis }) => (
      <span className="nowrap">
        {issuer || <span className="muted">unknown</span>} <span className="muted">{basis}</span>
      </span>
    ),
  },
  { key: 'state', head: 'State', cell: ({ state }) => <span className={state === 'standing' ? undefined : 'muted'}>{state}</span> },
  { key: 'source', head: 'From', cell: ({ source }) => <Source source={source} /> },
  {
    key: 'statements',
    head: 'Says',
    align: 'right',
    cell: ({ statements, gaps }) => (
      <span className="nowrap">
        {statements}
        {gaps > 0 && <span className="muted"> ({gaps} not used)</span>}
      </span>
    ),
  },
  { key: 'format', head: 'Format', cell: ({ format }) => <span className="muted">{format}</span> },
  { key: 'at', head: 'Since', cell: ({ at }) => <Time at={at} /> },
  { key: 'digest', head: 'Digest', cell: ({ digest }) => <Digest value={digest} label="document" /> },
]
