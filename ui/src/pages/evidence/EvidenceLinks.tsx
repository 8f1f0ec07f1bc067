import { Link } from '@tanstack/react-router'
import type { EvidenceRef } from '../../api/types'
import { paths } from '../../paths'
import { Icon } from '../../widgets/Icon'
import { Panel } from '../../widgets/Panel'
import { Time } from '../../widgets/Time'
import { bytes } from '../../words/text'

/** The packets that prove what happened to `subject`. */
export function EvidenceLinks({ subject, of }: { subject: string; of: readonly EvidenceRef[] }) {
  return (
    <Panel title="Evidence" side={<Link {...paths.evidence({ subject })}>In the list</Link>}>
      {of.length === 0 && <p className="muted">It is sealed when this has ended.</p>}
      <ul className="stack near">
        {of.map((packet) => (
          <li key={packet.id} className="row between">
            <Link {...paths.packet(packet.id)} className="row">
              <Icon name="file-certificate" /> {packet.kind} packet
            </Link>
            <span className="muted small">
              {bytes(packet.size)}, <Time at={packet.createdAt} />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
