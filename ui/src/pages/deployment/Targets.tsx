import type { TargetRun } from '../../api/types'
import { TARGET } from '../../deployment/states'
import { HEALTH } from '../../matrix/states'
import { lookOf } from '../../promotion/states'
import { Digest } from '../../widgets/Copy'
import { Panel } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { useNow } from '../../widgets/Time'
import { Words } from '../../widgets/Words'
import { count } from '../../words/text'
import { took } from '../../words/time'
import style from './Targets.module.css'

/** Each target with how far it is, what went wrong there, and what runs there now. */
export function Targets({ of }: { of: readonly TargetRun[] }) {
  const now = useNow()
  return (
    <Panel title={count(new Set(of.map(({ target }) => target)).size, 'target')} flush>
      <ul>
        {of.map((target) => (
          <li key={`${target.target}${target.purpose}`} className={style.target}>
            <div className={style.head}>
              <span className={style.state}>
                <State look={lookOf(TARGET, target.state)} />
              </span>
              <span className="strong">{target.target}</span>
              {target.purpose === 'undo' && (
                <State look={{ tone: 'wait', icon: 'arrow-back-up', word: 'Undo' }} pill />
              )}
              <span className="muted grow">
                {target.connector} by {target.agent || 'no agent'}
              </span>
              {target.startedAt && <span className="muted">{took(target.startedAt, target.endedAt, now)}</span>}
            </div>
            {target.message && (
              <p className={style.message}>
                <Words text={target.message} /> {target.code && <code className="muted">{target.code}</code>}
              </p>
            )}
            {target.running.length > 0 && <Running of={target.running} />}
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function Running({ of }: { of: TargetRun['running'] }) {
  return (
    <ul className={style.running} aria-label="What runs there">
      {of.map((container) => (
        <li key={container.name}>
          <State look={HEALTH[container.healthy === null ? 'unknown' : container.healthy ? 'healthy' : 'unhealthy']} />
          <span className="clip" title={container.image}>
            {container.name}
          </span>
          <span className="muted">{container.component}</span>
          {container.digest ? (
            <Digest value={container.digest} label={`digest of ${container.name}`} />
          ) : (
            <span className="muted">digest unknown</span>
          )}
        </li>
      ))}
    </ul>
  )
}
