import type { Promotion } from '../../api/types'
import { verdictText } from '../../promotion/gates'
import { changeLine } from '../../promotion/inbox'
import { isOver } from '../../promotion/states'
import { Words } from '../../widgets/Words'
import { count } from '../../words/text'
import style from './AtAGlance.module.css'

/** What an approver wants to know before all else: what is in the way, what changes, who wants it and why. */
export function AtAGlance({ promotion }: { promotion: Promotion }) {
  const { decision, state, plan, requestedBy, follows, reason } = promotion
  const verdict = verdictText(decision?.gates ?? [])
  const targets = plan?.targets.length ?? 0
  return (
    <dl className={style.glance} aria-label="At a glance">
      {verdict !== '' && (
        <div>
          <dt>{isOver(state) || state === 'deploying' ? 'Said by the gates' : 'In the way'}</dt>
          <dd>
            <Words text={verdict} />
          </dd>
        </div>
      )}
      <div>
        <dt>Changes</dt>
        <dd>
          {changeLine(promotion)}
          {targets > 0 && `, on ${count(targets, 'target')}`}
        </dd>
      </div>
      <div>
        <dt>Because</dt>
        <dd>
          {reason === '' ? <span className="muted">no reason was given</span> : <Words text={reason} />}{' '}
          <span className="muted">{follows === null ? `(${requestedBy.name})` : '(automatically)'}</span>
        </dd>
      </div>
    </dl>
  )
}
