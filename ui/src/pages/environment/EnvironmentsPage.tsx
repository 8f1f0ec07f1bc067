import { Button, Menu } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lifecyclesQuery } from '../../api/lifecycles'
import { environmentsQuery } from '../../api/queries'
import type { Environment } from '../../api/types'
import { commands } from '../../commands'
import { NEW_KINDS } from '../../document/text'
import { AGENT } from '../../fleet/states'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { Digest } from '../../widgets/Copy'
import { Empty } from '../../widgets/Empty'
import { Icon } from '../../widgets/Icon'
import { PageHead, Pairs, Panel } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import { count } from '../../words/text'
import { takenBy } from '../../environment/lifecycle'
import { ruleText } from '../../environment/rules'
import { HELD, rulesOf } from './Hold'
import { OnCallSchedules } from './OnCallSchedules'
import { Phases } from './Phases'
import { Repositories } from './Repositories'
import style from './EnvironmentsPage.module.css'

/** The road of a release, from first to last. */
export function EnvironmentsPage() {
  const environments = useSuspenseQuery(environmentsQuery).data.items.toSorted((a, b) => a.order - b.order)
  const lifecycles = useSuspenseQuery(lifecyclesQuery).data.items
  return (
    <>
      <PageHead
        title="Environments"
        sub="The road of a release, in order; configuration as YAML, here or with stella apply"
        actions={<NewDocument />}
      />
      {environments.length === 0 ? (
        <Empty icon="stack-2" title="No environments yet" command={commands.firstEnvironments()}>
          Environments, their targets, rules and policy are configuration: write them down and apply them.
        </Empty>
      ) : (
        <ol className={style.road}>
          {environments.map((environment) => (
            <li key={environment.name} data-row>
              <Card environment={environment} />
            </li>
          ))}
        </ol>
      )}
      {lifecycles.length > 0 && (
        <section className={style.lifecycles} aria-label="Lifecycles">
          <h2>Lifecycles</h2>
          {lifecycles.map((lifecycle) => (
            <Panel
              key={lifecycle.name}
              title={<Link {...paths.lifecycle(lifecycle.name)}>{lifecycle.name}</Link>}
              side={<span className="muted">{takenBy(lifecycle)}</span>}
            >
              <Phases lifecycle={lifecycle} />
            </Panel>
          ))}
        </section>
      )}
      <OnCallSchedules />
      <Repositories />
    </>
  )
}

function NewDocument() {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" rightSection={<Icon name="chevron-down" size={14} />}>
          New
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {NEW_KINDS.map((kind) => (
          <Menu.Item key={kind} renderRoot={(props) => <Link {...paths.newDocument(kind)} {...props} />}>
            {kind}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

function Card({ environment }: { environment: Environment }) {
  const { name, current, targets, approvals, policy, soak, freezes, hold, promotions } = environment
  const away = targets.filter(({ agentState }) => agentState !== 'online')
  return (
    <Panel
      title={<Link {...paths.environment(name)}>{name}</Link>}
      side={
        <span className="row">
          {hold && <State look={HELD} pill />}
          {freezes.some(({ holds }) => holds) && (
            <State look={{ tone: 'busy', icon: 'snowflake', word: 'Frozen' }} pill />
          )}
        </span>
      }
    >
      <Pairs
        of={[
          [
            'Runs',
            current ? (
              <span key="current">
                <Link {...paths.release(current.release.id)}>
                  {current.release.name} {current.release.version}
                </Link>{' '}
                <span className="muted">
                  since <Time at={current.at} />
                </span>
              </span>
            ) : (
              <span key="current" className="muted">
                nothing yet
              </span>
            ),
          ],
          [
            'Targets',
            <span key="targets" className="row wrap">
              {targets.length === 0 && <span className="muted">none</span>}
              {targets.map((target) => (
                <State key={target.name} look={{ ...lookOf(AGENT, target.agentState), word: target.name }} />
              ))}
              {away.length > 0 && <span className="muted">{count(away.length, 'agent')} away</span>}
            </span>,
          ],
          ['Approvals', approvals.length === 0 ? 'none needed' : approvals.map(ruleText).join('; ')],
          ['Soak time', soak === null ? 'none' : `${soak.hours} h in ${soak.environment}`],
          ['Requests', rulesOf(promotions).join(' ')],
          [
            'Policy',
            <span key="policy" className="row">
              <Link {...paths.policy(policy.name)}>{policy.name}</Link>
              <Digest value={policy.digest} label="policy digest" />
            </span>,
          ],
        ]}
      />
      {environment.endsAt !== null && (
        <p className={style.after}>
          <Icon name="clock" size={14} /> is over <Time at={environment.endsAt} exact />
        </p>
      )}
      {environment.after !== null && (
        <p className={style.after}>
          <Icon name="arrow-right" size={14} /> only after {environment.after}
        </p>
      )}
    </Panel>
  )
}
