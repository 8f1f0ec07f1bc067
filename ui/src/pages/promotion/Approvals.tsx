import { Link } from '@tanstack/react-router'
import type { Promotion } from '../../api/types'
import { paths } from '../../paths'
import { Panel } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import { shortDigest } from '../../words/text'
import style from './Approvals.module.css'

/** Who spoke, for which rule it counts, or why it does not. */
export function Approvals({ promotion }: { promotion: Promotion }) {
  return (
    <Panel title="Approvals">
      {promotion.approvals.length === 0 && <p className="muted">Nobody has spoken yet.</p>}
      <ul className="stack">
        {promotion.approvals.map((approval) => (
          <li key={approval.id} className={style.approval}>
            <div className="row between">
              <span className="strong">
                {approval.by.name}
                {approval.standsFor && ` for ${approval.standsFor.name}`}
              </span>
              <span className="muted small">
                <Time at={approval.at} />
              </span>
            </div>
            {approval.counts ? (
              <State look={{ tone: 'good', icon: 'circle-check', word: `counts for ${approval.rule ?? 'its rule'}` }} />
            ) : (
              <span className={style.not}>
                <State look={{ tone: 'idle', icon: 'circle-minus', word: 'does not count' }} />
                <span className="muted">{approval.whyNot}</span>
              </span>
            )}
            {approval.provenAt !== null && (
              <span className="muted small">
                proved who they are <Time at={approval.provenAt} />
              </span>
            )}
            {approval.onCall !== null && (
              <span className="muted small">
                on call for <Link {...paths.onCall(approval.onCall.schedule)}>{approval.onCall.schedule}</Link> then
              </span>
            )}
            {approval.until !== null && (
              <span className="muted small">
                until <Time at={approval.until} />
              </span>
            )}
            {approval.comment && <blockquote>{approval.comment}</blockquote>}
            <span className="muted small">
              for plan <code title={approval.planDigest}>{shortDigest(approval.planDigest)}</code>
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
