import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { deploymentsQuery, environmentsQuery, promotionQuery } from '../../api/queries'
import { problemFrom } from '../../api/refused'
import { useWhyNot } from '../../api/session'
import type { Cell, Standing } from '../../api/types'
import { DEPLOYMENT } from '../../deployment/states'
import { DRIFT, HEALTH, standingLook } from '../../matrix/states'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { Aside } from '../../widgets/Above'
import { ActionButton } from '../../widgets/ActionButton'
import { Digest } from '../../widgets/Copy'
import { Icon } from '../../widgets/Icon'
import { Loading } from '../../widgets/Loading'
import { Pairs } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import { Timeline } from '../../widgets/Timeline'
import { Words } from '../../widgets/Words'
import { RollbackDialog } from '../environment/RollbackDialog'

const HISTORY = 8
const REASONS = 5

/** One component in one environment: what it is, how it got there, where it can go. */
interface Props {
  cell: Cell
  /** Whether what runs there would be let in today; null where that is not known. */
  standing: Standing | null
  close: () => void
}

export function CellDrawer({ cell, standing, close }: Props) {
  const [rolling, setRolling] = useState(false)
  const whyNot = useWhyNot('deployment.operate')
  const after = useQuery(environmentsQuery).data?.items.find(({ after: before }) => before === cell.environment)
  return (
    <Aside title={`${cell.component} in ${cell.environment}`} onClose={close}>
      <div className="stack">
        <div className="row wrap">
          <State look={HEALTH[cell.health]} pill />
          <State look={DRIFT[cell.drift]} pill />
        </div>
        {cell.detail && <p>{cell.detail}</p>}
        {standing && standing.outcome !== 'pass' && <Stands of={standing} />}
        <Pairs
          of={[
            [
              'Release',
              <Link key="release" {...paths.release(cell.release.id)}>
                {cell.release.name} {cell.release.version}
              </Link>,
            ],
            ['Image', <Digest key="image" value={cell.digest} label="image digest" />],
            ['Running', `${cell.running}`],
            ['Deployed', <Time key="time" at={cell.at} />],
            [
              'By',
              <Link key="deployment" {...paths.deployment(cell.deployment)}>
                deployment and its log
              </Link>,
            ],
          ]}
        />
        {cell.inProgress && (
          <Link {...paths.promotion(cell.inProgress)} className="row">
            <Icon name="git-pull-request" /> A promotion is on its way
          </Link>
        )}
        {cell.blocked && <Blocked id={cell.blocked} />}
        <div className="row wrap">
          {after && (
            <Link {...paths.newPromotion({ release: cell.release.id, environment: after.name })} className="row">
              <Icon name="arrow-right" /> Promote {cell.release.version} to {after.name}
            </Link>
          )}
          <ActionButton
            variant="default"
            whyNot={whyNot}
            onClick={() => setRolling(true)}
            leftSection={<Icon name="arrow-back-up" />}
          >
            Roll {cell.environment} back
          </ActionButton>
        </div>
        <History environment={cell.environment} />
      </div>
      {rolling && (
        <RollbackDialog environment={cell.environment} current={cell.release.id} close={() => setRolling(false)} />
      )}
    </Aside>
  )
}

/** Nothing was stopped by it: what runs goes on, and the next one will not get in as it is. */
function Stands({ of }: { of: Standing }) {
  return (
    <div className="stack tight">
      <State look={standingLook(of)} />
      <ul>
        {of.reasons.slice(0, REASONS).map((reason) => (
          <li key={reason}>
            <Words text={reason} />
          </li>
        ))}
      </ul>
      {of.reasons.length > REASONS && <span className="muted">and {of.reasons.length - REASONS} more</span>}
      <span className="muted">
        judged <Time at={of.at} />
      </span>
    </div>
  )
}

function Blocked({ id }: { id: string }) {
  const promotion = useQuery(promotionQuery(id)).data
  const gate = promotion?.decision?.gates.find(({ state }) => state === 'blocked' || state === 'unknown')
  return (
    <div className="stack tight">
      <State look={{ tone: 'bad', icon: 'hand-stop', word: gate ? `Blocked: ${gate.name}` : 'Blocked' }} />
      {gate && <p><Words text={gate.summary} /></p>}
      <Link {...paths.promotion(id)}>Why, and what unblocks it</Link>
    </div>
  )
}

function History({ environment }: { environment: string }) {
  const found = useInfiniteQuery(deploymentsQuery({ environment }))
  if (found.isPending) return <Loading lines={3} label="Loading the history" />
  if (found.error) return <Refusal problem={problemFrom(found.error)} onRetry={() => void found.refetch()} />
  const all = found.data.pages.flatMap((page) => page.items)
  return (
    <section className="stack near">
      <h2>History of {environment}</h2>
      <Timeline
        of={all.slice(0, HISTORY).map((deployment) => ({
          key: deployment.id,
          at: deployment.startedAt,
          look: lookOf(DEPLOYMENT, deployment.state),
          text: (
            <Link {...paths.deployment(deployment.id)}>
              {deployment.release.name} {deployment.release.version}
              {deployment.rollback ? ', rolled back' : ''}: {deployment.state}
            </Link>
          ),
        }))}
      />
      <Link {...paths.deployments({ environment })}>All deployments of {environment}</Link>
    </section>
  )
}
