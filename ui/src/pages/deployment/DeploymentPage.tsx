import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { deploymentQuery } from '../../api/queries'
import { useWhyNot } from '../../api/session'
import type { Deployment } from '../../api/types'
import { commands } from '../../commands'
import { DEPLOYMENT, isLive } from '../../deployment/states'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { ActionButton } from '../../widgets/ActionButton'
import { Digest } from '../../widgets/Copy'
import { CommandHint } from '../../widgets/Dialog'
import { Icon } from '../../widgets/Icon'
import { PageHead, Pairs, Panel } from '../../widgets/Panel'
import { SimulatedMark } from '../../widgets/SimulatedMark'
import { State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import { bytes } from '../../words/text'
import { RollbackDialog } from '../environment/RollbackDialog'
import { EvidenceLinks } from '../evidence/EvidenceLinks'
import { Took } from './DeploymentsPage'
import { LogPanel } from './LogPanel'
import { Steps } from './Steps'
import { Targets } from './Targets'

const route = getRouteApi('/shell/deployments/$id')
const POLL_MS = 2000

export function DeploymentPage() {
  const { id } = route.useParams()
  const deployment = useSuspenseQuery({
    ...deploymentQuery(id),
    refetchInterval: (query) => (query.state.data && isLive(query.state.data.state) ? POLL_MS : false),
  }).data
  const { release, environment } = deployment
  return (
    <>
      <PageHead
        name={`${release.name} ${release.version} to ${environment}`}
        title={
          <span className="row">
            {release.name} {release.version}
            <Icon name={deployment.rollback ? 'arrow-back-up' : 'arrow-right'} size={18} />
            {environment}
          </span>
        }
        sub={
          <>
            <State look={lookOf(DEPLOYMENT, deployment.state)} pill />
            {deployment.simulated && <SimulatedMark />}
            <span>
              {deployment.rollback ? 'roll back ' : ''}started <Time at={deployment.startedAt} /> by{' '}
              {deployment.requestedBy.name}, {deployment.endedAt ? 'took' : 'for'} <Took of={deployment} />
            </span>
          </>
        }
        actions={<Actions deployment={deployment} />}
      />
      <div className="split">
        <div className="stack">
          <Steps of={deployment.steps} phase="before" />
          <Targets of={deployment.targets} />
          <Steps of={deployment.steps} phase="after" />
          <Steps of={deployment.steps} phase="back" />
          <LogPanel
            id={deployment.id}
            live={isLive(deployment.state)}
            targets={[...new Set(deployment.targets.map(({ target }) => target))]}
          />
        </div>
        <div className="stack">
          <Panel title="About">
            <Pairs
              of={[
                [
                  'Promotion',
                  <Link key="promotion" {...paths.promotion(deployment.promotion)}>
                    gates, approvals, plan
                  </Link>,
                ],
                [
                  'Release',
                  <Link key="release" {...paths.release(release.id)}>
                    {release.name} {release.version}
                  </Link>,
                ],
                [
                  'Before it',
                  deployment.previous ? (
                    <Link key="previous" {...paths.release(deployment.previous.id)}>
                      {deployment.previous.name} {deployment.previous.version}
                    </Link>
                  ) : (
                    <span className="muted">nothing ran</span>
                  ),
                ],
                [
                  'Facts',
                  <Link key="facts" {...paths.audit({ subject: deployment.id })}>
                    all that was recorded
                  </Link>,
                ],
              ]}
            />
          </Panel>
          <Artifacts of={deployment.artifacts} />
          <EvidenceLinks subject={deployment.id} of={deployment.evidence} />
          <CommandHint command={isLive(deployment.state) ? commands.watch(deployment.id) : commands.logs(deployment.id)} />
        </div>
      </div>
    </>
  )
}

function Actions({ deployment }: { deployment: Deployment }) {
  const [rolling, setRolling] = useState(false)
  const mayNot = useWhyNot('deployment.operate')
  const still = isLive(deployment.state) ? 'It is still on its way' : undefined
  return (
    <>
      <ActionButton
        variant="default"
        whyNot={mayNot ?? still}
        onClick={() => setRolling(true)}
        leftSection={<Icon name="arrow-back-up" />}
      >
        Roll {deployment.environment} back
      </ActionButton>
      {rolling && (
        <RollbackDialog
          environment={deployment.environment}
          current={deployment.state === 'succeeded' ? deployment.release.id : undefined}
          close={() => setRolling(false)}
        />
      )}
    </>
  )
}

function Artifacts({ of }: { of: Deployment['artifacts'] }) {
  return (
    <Panel title="Artifacts">
      {of.length === 0 && <p className="muted">None were generated.</p>}
      <ul className="stack near">
        {of.map((artifact) => (
          <li key={`${artifact.name}${artifact.target ?? ''}`} className="stack" style={{ gap: 0 }}>
            <a href={`/api/v1/artifacts/${artifact.digest}`} download={artifact.name} className="mono clip">
              {artifact.name}
            </a>
            <span className="row muted small">
              {artifact.target && <span>{artifact.target},</span>} {bytes(artifact.size)},{' '}
              <Digest value={artifact.digest} label={`digest of ${artifact.name}`} />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
