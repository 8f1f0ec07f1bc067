import type { Decision, Gate, Reason } from '../../api/types'
import { gateLine, gateName, gateWord, inTheWayFirst, isRepeated, worstFirst } from '../../promotion/gates'
import { findingIn, findingTitle } from '../../promotion/reasons'
import { GATE, lookOf } from '../../promotion/states'
import { Icon } from '../../widgets/Icon'
import { Kev, SeverityWord } from '../../widgets/Severity'
import { State } from '../../widgets/State'
import { Words } from '../../widgets/Words'
import { FindingWhy } from '../release/FindingWhy'
import style from './Gates.module.css'

/** Every gate with its answer, each reason with what mends it and who can. What stands in the way is first, and open. */
export function Gates({ decision }: { decision: Decision }) {
  return (
    <ol>
      {inTheWayFirst(decision.gates).map((gate) => (
        <li key={gate.name} className={style.gate} data-passes={gate.state === 'pass' || undefined}>
          <OneGate gate={gate} unblock={gate.name === 'policy' ? decision.unblock : null} />
        </li>
      ))}
    </ol>
  )
}

function OneGate({ gate, unblock }: { gate: Gate; unblock: Decision['unblock'] }) {
  const passes = gate.state === 'pass'
  const head = (
    <>
      <span className={style.state}>
        <State look={lookOf(GATE, gate.state)} />
      </span>
      <span className={`grow ${style.said}`}>
        <span className={`strong ${style.name}`}>{gateName(gate.name)}</span>
        <span className={style.summary}><Words text={gate.summary} /></span>
      </span>
    </>
  )
  if (gate.reasons.length === 0) {
    return (
      <div className={style.head} aria-label={gateLine(gateWord(gate))} role="group">
        {head}
      </div>
    )
  }
  return (
    <details open={!passes}>
      <summary className={style.head}>
        {head}
        <span className={style.fold}>
          <Icon name="chevron-down" size={14} />
        </span>
      </summary>
      <div className={style.body}>
        {unblock && <Unblock change={unblock} />}
        <ul className="stack near">
          {worstFirst(gate.reasons).map((reason) => (
            <li key={`${reason.rule}${reason.component ?? ''}${reason.message}`}>
              <OneReason reason={reason} />
            </li>
          ))}
        </ul>
        {!passes && gate.unblocks !== '' && !unblock && !isRepeated(gate) && (
          <p className={style.unblocks}>
            <Icon name="arrow-right" size={14} />
            <span>
              <strong>What unblocks it:</strong> <Words text={gate.unblocks} />
            </span>
          </p>
        )}
      </div>
    </details>
  )
}

/** The smallest change that lets the policy pass. */
function Unblock({ change }: { change: NonNullable<Decision['unblock']> }) {
  return (
    <div className={style.unblock}>
      <p>
        <strong>What unblocks it:</strong> the policy would pass{change.verified === 'pass' ? ', as was tried,' : ''} with
      </p>
      <ul className="stack tight">
        {change.upgrades.map((one) => (
          <li key={`${one.component}${one.purl}`}>
            <code>
              {one.package} {one.version} → {one.fixed}
            </code>{' '}
            in {one.component} <span className="muted small">{one.findings.join(', ')}</span>
          </li>
        ))}
        {change.waivable.map((one) => (
          <li key={`${one.rule}${one.component ?? ''}${one.finding ?? ''}`}>
            {one.rule} mended or waived{one.finding ? `, ${one.finding}` : ''}
            {one.component ? ` in ${one.component}` : ''}
          </li>
        ))}
        {change.left.length > 0 && <li>what no upgrade and no waiver mends: {change.left.join(', ')}</li>}
        {change.more > 0 && <li className="muted">and {change.more} more</li>}
      </ul>
    </div>
  )
}

function OneReason({ reason }: { reason: Reason }) {
  const finding = findingIn(reason)
  const look = lookOf(GATE, reason.outcome)
  // Shortened only where the whole of it can be unfolded below.
  const title = finding?.why && findingTitle(finding)
  return (
    <div className={style.reason} data-outcome={reason.outcome}>
      <span className={`tone-${look.tone}`}>
        <Icon name={look.icon} size={15} />
        <span className="hidden">{look.word}: </span>
      </span>
      <div className="grow stack tight">
        <p className={reason.outcome === 'pass' ? 'muted' : undefined}>
          {title === undefined ? <Words text={reason.message} /> : <span className="strong">{title}</span>}
          {finding?.severity && (
            <span className={style.marks}>
              <SeverityWord severity={finding.severity} />
              {finding.kev && <Kev />}
            </span>
          )}
        </p>
        {(reason.fix !== '' || reason.who) && reason.outcome !== 'pass' && (
          <p className={style.fix}>
            {reason.fix !== '' && (
              <span>
                <span className="muted">Fix:</span> <Words text={reason.fix} />
              </span>
            )}
            {reason.who && (
              <span>
                <span className="muted">Who:</span> {reason.who}
              </span>
            )}
          </p>
        )}
        {reason.waiver && (
          <p className={style.fix}>
            <Words text={reason.fix} />
          </p>
        )}
        {finding?.why && (
          <details className={style.more}>
            <summary>
              Why: package, file, layer
              <span className="hidden"> of {finding.id}</span>
            </summary>
            <p>
              <Words text={reason.message} />
            </p>
            <FindingWhy finding={finding} />
          </details>
        )}
      </div>
      <span className={style.rule}>
        <code>{reason.rule}</code>
        {reason.component ? ` on ${reason.component}` : ''}
      </span>
    </div>
  )
}
