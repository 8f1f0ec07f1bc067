import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { evidenceListQuery } from '../../api/queries'
import type { EvidenceRef } from '../../api/types'
import { usePages } from '../../api/usePages'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { CopyButton, Digest } from '../../widgets/Copy'
import { Empty } from '../../widgets/Empty'
import { Filters, Pill } from '../../widgets/Filters'
import { Icon } from '../../widgets/Icon'
import { PageHead } from '../../widgets/Panel'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { bytes } from '../../words/text'

const route = getRouteApi('/shell/evidence')

const COLUMNS: readonly Column<EvidenceRef>[] = [
  {
    key: 'name',
    head: 'Packet',
    cell: (packet) => (
      <Link {...paths.packet(packet.id)} className="row strong">
        <Icon name="file-certificate" /> <span className="clip">{packet.name}</span>
      </Link>
    ),
  },
  {
    key: 'subject',
    head: 'Proves',
    cell: (packet) => (
      <Link {...(packet.kind === 'promotion' ? paths.promotion(packet.subject) : paths.deployment(packet.subject))}>
        the {packet.kind}
      </Link>
    ),
  },
  { key: 'digest', head: 'Digest', cell: (packet) => <Digest value={packet.digest} label="packet digest" /> },
  { key: 'size', head: 'Size', align: 'right', cell: (packet) => bytes(packet.size) },
  {
    key: 'at',
    head: 'Sealed',
    cell: (packet) => (
      <span className="muted">
        <Time at={packet.createdAt} />
      </span>
    ),
  },
  {
    key: 'get',
    head: <span className="hidden">Download</span>,
    align: 'right',
    cell: (packet) => (
      <span className="row" style={{ justifyContent: 'flex-end' }}>
        <a href={`/api/v1/evidence/${packet.id}/packet`} download={`${packet.name}.stella.tar`} className="row">
          <Icon name="download" /> Download<span className="hidden"> {packet.name}</span>
        </a>
        <CopyButton text={commands.getPacket(packet.id)} what="the command that fetches it" />
      </span>
    ),
  },
]

export function EvidenceListPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const { rows, more } = usePages(evidenceListQuery(search))
  return (
    <>
      <PageHead
        title="Evidence"
        sub="One packet for each promotion and deployment, also the refused and the failed; it proves itself without this server"
      />
      {search.subject && (
        <Filters>
          <Pill on onToggle={() => void navigate(paths.evidence())}>
            About {search.subject}
          </Pill>
        </Filters>
      )}
      {rows.length > 0 ? (
        <Table label="Evidence packets" rows={rows} rowKey={({ id }) => id} columns={COLUMNS} more={more} fill />
      ) : (
        <Empty
          icon="file-certificate"
          title={search.subject ? 'No packet about this yet' : 'No evidence yet'}
          command={commands.firstPromotion('dev')}
        >
          A packet is sealed when a promotion or a deployment ends, however it ends.
        </Empty>
      )}
    </>
  )
}
