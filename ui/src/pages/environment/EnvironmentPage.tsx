import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { environmentQuery } from '../../api/queries'
import type { Environment, Target } from '../../api/types'
import { proofText } from '../../environment/rules'
import { AGENT } from '../../fleet/states'
import { wayOf } from '../../fleet/way'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { Command, Digest } from '../../widgets/Copy'
import { PageHead, Pairs, Panel } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { configText } from '../../words/config'
import { count } from '../../words/text'
import { Approvers } from './Approvers'
import { EnvironmentActions } from './EnvironmentActions'
import { Freezes } from './Freezes'
import { HELD, Hold } from './Hold'
import { InLifecycles } from './InLifecycles'
import { TakeDowns } from './TakeDown'
import { Waivers } from './Waivers'

const route = getRouteApi('/shell/environments/$name')

export function EnvironmentPage() {
  const { name } = route.useParams()
  const environment = useSuspenseQuery(environmentQuery(name)).data
  const { current } = environment
  return (
    <>
      <PageHead
        title={name}
        sub={
          <>
            {environment.hold && <State look={HELD} pill />}
            <span>{environment.after ? `after ${environment.after}` : 'the first environment'}</span>
            {environment.endsAt !== null && (
              <span>
                is over <Time at={environment.endsAt} exact />
              </span>
            )}
            {current && (
              <span>
                runs{' '}
                <Link {...paths.release(current.release.id)}>
                  {current.release.name} {current.release.version}
                </Link>{' '}
                since{' '}
                <Link {...paths.deployment(current.deployment)}>
                  <Time at={current.at} />
                </Link>
              </span>
            )}
          </>
        }
        actions={<EnvironmentActions environment={environment} />}
      />
      <div className="split">
        <div className="stack">
          <Panel title={count(environment.targets.length, 'target')} flush>
            {environment.targets.length === 0 ? (
              <p className="muted" style={{ padding: '12px 14px' }}>
                Nothing can be deployed here before a document of kind Target is applied.
              </p>
            ) : (
              <Table
                label="Targets"
                rows={environment.targets}
                rowKey={(target) => target.name}
                columns={TARGETS}
                detail={(target) => <Config target={target} />}
              />
            )}
          </Panel>
          <Steps environment={environment} />
          <Parameters environment={environment} />
        </div>
        <div className="stack">
          <Rules environment={environment} />
          <Hold environment={environment} />
          <Freezes environment={environment} />
          <Waivers environment={name} />
          <TakeDowns environment={name} />
          <Panel title="About">
            <Pairs
              of={[
                [
                  'Policy',
                  <span key="policy" className="row">
                    <Link {...paths.policy(environment.policy.name)}>{environment.policy.name}</Link>
                    <Digest value={environment.policy.digest} label="policy digest" />
                  </span>,
                ],
                ['Configuration', <Digest key="configuration" value={environment.configuration} label="configuration digest" />],
                ['Kept by', environment.owner ?? <span key="owner" className="muted">nobody in particular</span>],
                ['Lifecycles', <InLifecycles key="lifecycles" environment={environment} />],
                ['Who approves', proofText(environment)],
                ['Break-glass', <BreakGlassRule key="glass" environment={environment} />],
                [
                  'Deployments',
                  <Link key="deployments" {...paths.deployments({ environment: name })}>
                    all here
                  </Link>,
                ],
                [
                  'Promotions',
                  <Link key="promotions" {...paths.promotions({ environment: name })}>
                    all to here
                  </Link>,
                ],
              ]}
            />
          </Panel>
        </div>
      </div>
    </>
  )
}

/** Who can let a promotion through its gates in an emergency. */
function BreakGlassRule({ environment }: { environment: Environment }) {
  const rule = environment.breakGlass
  if (!rule) return <span className="muted">nobody, the gates hold</span>
  return (
    <span>
      two of {rule.by.join(', ')}, for {count(rule.hoursMax, 'hour')} at most
    </span>
  )
}

const TARGETS: readonly Column<Target>[] = [
  {
    key: 'name',
    head: 'Target',
    cell: (target) => (
      <Link {...paths.document('Target', target.name)} className="strong" title={`Edit ${target.name}`}>
        {target.name}
      </Link>
    ),
  },
  { key: 'connector', head: 'Connector', cell: (target) => target.connector },
  {
    key: 'agent',
    head: 'Agent',
    cell: (target) => (
      <span className="row">
        {target.agent || <span className="muted">none</span>}
        <State look={lookOf(AGENT, target.agentState)} />
        <span className="muted">{wayOf(target.reach)}</span>
      </span>
    ),
  },
  { key: 'project', head: 'Project', cell: (target) => target.project },
  {
    key: 'components',
    head: 'Components',
    cell: (target) =>
      target.components.length > 0 ? target.components.join(', ') : <span className="muted">all</span>,
  },
]

function Config({ target }: { target: Target }) {
  if (Object.keys(target.config).length === 0) return null
  return (
    <details>
      <summary className="muted">Configuration of {target.name}</summary>
      <Command text={configText(target.config)} label={`configuration of ${target.name}`} />
    </details>
  )
}

function Steps({ environment }: { environment: Environment }) {
  if (environment.steps.length === 0) return null
  return (
    <Panel title="Steps of every deployment">
      <ul className="stack near">
        {environment.steps.map((step) => (
          <li key={step.name}>
            <span className="strong">{step.name}</span>{' '}
            <span className="muted">
              {step.phase} the targets: {step.step}
            </span>
            {Object.keys(step.inputs).length > 0 && (
              <details>
                <summary className="muted">Inputs of {step.name}</summary>
                <Command text={configText(step.inputs)} label={`inputs of ${step.name}`} />
              </details>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function Parameters({ environment }: { environment: Environment }) {
  const pairs = Object.entries(environment.parameters)
  return (
    <Panel title="Parameters">
      {pairs.length === 0 ? (
        <p className="muted">None.</p>
      ) : (
        <Pairs
          of={pairs.map(([name, value]) => [
            name,
            <code key={name}>{typeof value === 'string' ? value : JSON.stringify(value)}</code>,
          ])}
        />
      )}
    </Panel>
  )
}

function Rules({ environment }: { environment: Environment }) {
  return (
    <Panel title="Approval rules">
      {environment.approvals.length === 0 && <p className="muted">None: nobody needs to approve.</p>}
      <ul className="stack near">
        {environment.approvals.map((rule) => (
          <li key={rule.rule}>
            <span className="strong">{rule.rule}</span>
            <p className="muted">
              {rule.count} of: <Approvers of={rule.approvers} />. Never the one who asked.
            </p>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
