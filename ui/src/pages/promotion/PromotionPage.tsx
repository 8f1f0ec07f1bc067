import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { promotionQuery } from '../../api/queries'
import type { Promotion } from '../../api/types'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { momentLook } from '../../promotion/history'
import { isMoving, isOver, lookOf, PROMOTION } from '../../promotion/states'
import { ActionButton } from '../../widgets/ActionButton'
import { Digest } from '../../widgets/Copy'
import { CommandHint } from '../../widgets/Dialog'
import { Icon } from '../../widgets/Icon'
import { PageHead, Pairs, Panel } from '../../widgets/Panel'
import { SimulatedMark } from '../../widgets/SimulatedMark'
import { State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import { Timeline } from '../../widgets/Timeline'
import { EvidenceLinks } from '../evidence/EvidenceLinks'
import { Approvals } from './Approvals'
import { AtAGlance } from './AtAGlance'
import { BreakGlass, PassedByBreakGlass } from './BreakGlass'
import { Changes } from './Changes'
import { DecideDialog, type Verb } from './DecideDialog'
import { Gates } from './Gates'
import { Hotfix } from './Hotfix'
import { MoreOfMine, useNeighbours } from './Neighbours'
import { OnCall } from './OnCall'
import { PlanView } from './PlanView'
import { ticketPairs } from './Ticket'
import { follows, Turn } from './Turn'

const route = getRouteApi('/shell/promotions/$id')
const POLL_MS = 4000

export function PromotionPage() {
  const { id } = route.useParams()
  const promotion = useSuspenseQuery({
    ...promotionQuery(id),
    // Facts bring it up to date; this is for when their stream is cut.
    refetchInterval: (query) => (query.state.data && isMoving(query.state.data.state) ? POLL_MS : false),
  }).data
  useNeighbours(id)
  const { release, environment } = promotion
  return (
    <>
      <PageHead
        name={`${release.name} ${release.version} to ${environment}`}
        title={
          <span className="row">
            {release.name} {release.version}
            <Icon name={promotion.rollback ? 'arrow-back-up' : 'arrow-right'} size={18} />
            {environment}
          </span>
        }
        sub={
          <>
            <State look={lookOf(PROMOTION, promotion.state)} pill />
            {promotion.simulated && <SimulatedMark />}
            <span>
              {promotion.rollback ? 'roll back, ' : ''}
              {promotion.follows === null ? `asked for by ${promotion.requestedBy.name}` : 'asked for automatically'}{' '}
              <Time at={promotion.requestedAt} />
            </span>
            <Turn promotion={promotion} />
            {promotion.notBefore !== null && (
              <span>
                to begin from <Time at={promotion.notBefore} exact />
              </span>
            )}
            {promotion.notAfter !== null && (
              <span>
                to begin before <Time at={promotion.notAfter} exact />
              </span>
            )}
            {promotion.expiresAt !== null && !isOver(promotion.state) && (
              <span>
                ends by itself <Time at={promotion.expiresAt} exact />
              </span>
            )}
            {promotion.dueAt !== null && (
              <span>
                judged again by itself <Time at={promotion.dueAt} exact />
              </span>
            )}
          </>
        }
        actions={<Actions promotion={promotion} />}
      />
      {promotion.decision?.breakGlass && <PassedByBreakGlass decision={promotion.decision} />}
      {promotion.decision?.hotfix && <Hotfix hotfix={promotion.decision.hotfix} />}
      <AtAGlance promotion={promotion} />
      <div className="split">
        <div className="stack">
          {promotion.deployment && (
            <Link {...paths.deployment(promotion.deployment)} className="row strong">
              <Icon name="rocket" /> Its deployment: targets and log
            </Link>
          )}
          <Panel
            title="Gates"
            side={promotion.decision && <span className="muted small">decided <Time at={promotion.decision.decidedAt} /></span>}
            flush
          >
            {promotion.decision ? <Gates decision={promotion.decision} /> : <NotDecided promotion={promotion} />}
          </Panel>
          {promotion.diff && <Changes diff={promotion.diff} to={release} environment={environment} />}
          {promotion.plan && <PlanView plan={promotion.plan} />}
        </div>
        <div className="stack">
          <OnCall promotion={promotion} />
          <Approvals promotion={promotion} />
          <BreakGlass promotion={promotion} />
          <About promotion={promotion} />
          <History promotion={promotion} />
          <EvidenceLinks subject={promotion.id} of={promotion.evidence} />
          <CommandHint command={commands.why(promotion.id)} />
        </div>
      </div>
    </>
  )
}

function NotDecided({ promotion }: { promotion: Promotion }) {
  const look =
    promotion.state === 'evaluating'
      ? ({ tone: 'busy', icon: 'loader-2', word: 'The gates are being asked', spin: true } as const)
      : ({ tone: 'open', icon: 'help-circle', word: 'No decision was made' } as const)
  return (
    <p style={{ padding: '12px 14px' }}>
      <State look={look} />
    </p>
  )
}

function Actions({ promotion }: { promotion: Promotion }) {
  const [verb, setVerb] = useState<Verb>()
  const { approve, reject, cancel } = promotion.actions
  const over = !approve.allowed && !reject.allowed && !cancel.allowed
  const said = !approve.allowed && promotion.state === 'waiting' ? approve.reason : undefined
  return (
    <div className="stack tight" style={{ alignItems: 'flex-end' }}>
      <div className="row wrap">
        <ActionButton variant="default" whyNot={off(cancel)} onClick={() => setVerb('cancel')}>
          Cancel
        </ActionButton>
        <ActionButton variant="default" whyNot={off(reject)} onClick={() => setVerb('reject')} leftSection={<Icon name="x" />}>
          Reject
        </ActionButton>
        <ActionButton
          variant={over ? 'default' : 'filled'}
          whyNot={off(approve)}
          onClick={() => setVerb('approve')}
          leftSection={<Icon name="check" />}
        >
          Approve
        </ActionButton>
      </div>
      {said && <span className="muted small">{said}</span>}
      <MoreOfMine id={promotion.id} />
      {verb && <DecideDialog verb={verb} promotion={promotion} close={() => setVerb(undefined)} />}
    </div>
  )
}

const off = (action: { allowed: boolean; reason: string }) =>
  action.allowed ? undefined : action.reason || 'Not possible now'

function About({ promotion }: { promotion: Promotion }) {
  return (
    <Panel title="About">
      <Pairs
        of={[
          [
            'Release',
            <Link key="release" {...paths.release(promotion.release.id)}>
              {promotion.release.name} {promotion.release.version}
            </Link>,
          ],
          [
            'Environment',
            <Link key="environment" {...paths.environment(promotion.environment)}>
              {promotion.environment}
            </Link>,
          ],
          ...follows(promotion),
          ['Priority', promotion.priority],
          ...ticketPairs(promotion),
          ...(promotion.hotfix ? [['Asked for as', 'a hotfix'] as const] : []),
          ['Reason', promotion.reason || <span className="muted">none given</span>],
          [
            'Plan digest',
            promotion.planDigest ? (
              <Digest key="plan" value={promotion.planDigest} label="plan digest" />
            ) : (
              <span className="muted">no plan yet</span>
            ),
          ],
          [
            'Facts',
            <Link key="facts" {...paths.audit({ subject: promotion.id })}>
              all that was recorded
            </Link>,
          ],
        ]}
      />
    </Panel>
  )
}

function History({ promotion }: { promotion: Promotion }) {
  return (
    <Panel title="History">
      <Timeline
        of={promotion.history.map((moment, index) => {
          const look = momentLook(moment)
          return {
            key: `${index}${moment.at}`,
            at: moment.at,
            look,
            text: (
              <span>
                {look.word} <span className="muted">by {moment.by.name}</span>
              </span>
            ),
          }
        })}
      />
    </Panel>
  )
}
