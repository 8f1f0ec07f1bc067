import type { Plan, StepPlan } from '../../api/types'
import { wayOf } from '../../fleet/way'
import { Command, Digest } from '../../widgets/Copy'
import { Panel } from '../../widgets/Panel'
import { configText } from '../../words/config'
import { count, shellLine } from '../../words/text'
import style from './PlanView.module.css'

/** Exactly what the agents will be told to do: what an approver says yes to. */
export function PlanView({ plan }: { plan: Plan }) {
  return (
    <Panel title="Deployment plan" side={<Digest value={plan.digest} label="plan digest" />} flush>
      <PlannedSteps of={plan.steps} phase="before" />
      {plan.targets.map((target) => (
        <details key={target.target} className={style.target} open={plan.targets.length < 3}>
          <summary>
            <span className="strong">{target.target}</span>
            <span className="muted">
              {target.connector} by {target.agent || 'no agent'}
              {wayOf(target.reach)}, {count(target.actions.length, 'action')}
            </span>
          </summary>
          <Brought by={target.broughtBy} />
          {target.reach && <Command text={configText(target.reach)} label={`way to ${target.target}`} />}
          <ol className={style.actions}>
            {target.actions.map((action, index) => (
              <li key={`${index}${action.verb}${action.subject}`}>
                <span className={style.verb}>{action.verb}</span>
                <span>
                  {action.subject}
                  {action.argv.length > 0 && <code title={shellLine(action.argv)}>{shellLine(action.argv)}</code>}
                </span>
              </li>
            ))}
          </ol>
          {Object.entries(target.files).map(([name, text]) => (
            <details key={name} className={style.file}>
              <summary>
                <code>{name}</code>
              </summary>
              <Command text={text} label={name} />
            </details>
          ))}
        </details>
      ))}
      <PlannedSteps of={plan.steps} phase="after" />
    </Panel>
  )
}

function PlannedSteps({ of, phase }: { of: readonly StepPlan[]; phase: 'before' | 'after' }) {
  return of
    .filter((step) => step.phase === phase)
    .map((step) => (
      <details key={step.name} className={style.target} open>
        <summary>
          <span className="strong">{step.name}</span>
          <span className="muted">
            {phase} the targets: {step.step} of {step.plugin} {step.version}
          </span>
        </summary>
        <Brought by={step.broughtBy} />
        {Object.keys(step.inputs).length > 0 && (
          <Command text={configText(step.inputs)} label={`inputs of ${step.name}`} />
        )}
      </details>
    ))
}

/** What was installed does this: from which wheel, and what it may do. */
function Brought({ by }: { by: StepPlan['broughtBy'] }) {
  if (by === null) return null
  const granted = Object.entries(by.granted).map(([what, hosts]) => [what, ...hosts].join(' '))
  return (
    <p className="muted">
      {by.name} {by.version} from <Digest value={by.wheel} label="wheel" />, granted {granted.join(', ') || 'nothing'}
    </p>
  )
}
