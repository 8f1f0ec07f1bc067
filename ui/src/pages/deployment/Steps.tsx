import type { StepRun } from '../../api/types'
import { STEP } from '../../deployment/states'
import { lookOf } from '../../promotion/states'
import { Command } from '../../widgets/Copy'
import { Panel } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { useNow } from '../../widgets/Time'
import { Words } from '../../widgets/Words'
import { configText } from '../../words/config'
import { took } from '../../words/time'
import style from './Targets.module.css'

interface Props {
  of: readonly StepRun[]
  phase: 'before' | 'after' | 'back'
}

const TITLES = { before: 'Steps before the targets', after: 'Steps after the targets', back: 'Steps taken back' } as const

/** The steps before the targets, after them, or on the way back: how each stands, and what it said. */
export function Steps({ of, phase }: Props) {
  const now = useNow()
  const shown = of.filter((step) => (step.purpose === 'undo' ? 'back' : step.phase) === phase)
  if (shown.length === 0) return null
  return (
    <Panel title={TITLES[phase]} flush>
      <ul>
        {shown.map((step) => (
          <li key={step.name} className={style.target}>
            <div className={style.head}>
              <span className={style.state}>
                <State look={lookOf(STEP, step.state)} />
              </span>
              <span className="strong">{step.name}</span>
              <span className="muted grow">
                {step.step} of {step.plugin} {step.version}
                {step.attempts > 1 && `, attempt ${step.attempts}`}
              </span>
              {step.startedAt && <span className="muted">{took(step.startedAt, step.endedAt, now)}</span>}
            </div>
            {step.summary && (
              <p className={style.summary}>
                <Words text={step.summary} />
              </p>
            )}
            {step.message && (
              <p className={style.message}>
                <Words text={step.message} /> {step.code && <code className="muted">{step.code}</code>}
              </p>
            )}
            {Object.keys(step.outputs).length > 0 && (
              <details className={style.summary}>
                <summary className="muted">Outputs</summary>
                <Command text={configText(step.outputs)} label={`outputs of ${step.name}`} />
              </details>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  )
}
