import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { deploymentsQuery, promotionsQuery } from '../../api/queries'
import { problemFrom } from '../../api/refused'
import { DEPLOYMENT } from '../../deployment/states'
import { paths } from '../../paths'
import { lookOf, PROMOTION } from '../../promotion/states'
import { Loading } from '../../widgets/Loading'
import { Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { type Look, State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import style from './NowPanels.module.css'

const SHOWN = 6

/** Beneath the matrix: what waits for the reader, and what went on lately. */
export function NowPanels() {
  return (
    <div className={style.panels}>
      <Waiting />
      <Lately />
    </div>
  )
}

interface Line {
  id: string
  look: Look
  text: ReactNode
  at: string
}

function Lines({ of, none }: { of: readonly Line[]; none: string }) {
  if (of.length === 0) return <p className={`muted ${style.none}`}>{none}</p>
  return (
    <ul>
      {of.map((line) => (
        <li key={line.id} className={style.line} data-row>
          <span className={style.state}>
            <State look={line.look} />
          </span>
          <span className="grow clip">{line.text}</span>
          <span className="muted small">
            <Time at={line.at} />
          </span>
        </li>
      ))}
    </ul>
  )
}

function Waiting() {
  const found = useInfiniteQuery(promotionsQuery({ waitingForMe: 'true' }))
  const rows = found.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Panel title="Waiting for you" flush side={<Link {...paths.approvals()}>To the approvals</Link>}>
      {found.isPending && <Loading inset lines={2} />}
      {found.error && <Refusal problem={problemFrom(found.error)} onRetry={() => void found.refetch()} />}
      {found.data && (
        <Lines
          none="Nothing waits for your word."
          of={rows.slice(0, SHOWN).map((promotion) => ({
            id: promotion.id,
            look: lookOf(PROMOTION, promotion.state),
            at: promotion.requestedAt,
            text: (
              <Link {...paths.promotion(promotion.id)}>
                {promotion.release.name} {promotion.release.version} to {promotion.environment}
              </Link>
            ),
          }))}
        />
      )}
    </Panel>
  )
}

function Lately() {
  const found = useInfiniteQuery(deploymentsQuery())
  const rows = found.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Panel title="Lately" flush side={<Link {...paths.deployments()}>All deployments</Link>}>
      {found.isPending && <Loading inset lines={2} />}
      {found.error && <Refusal problem={problemFrom(found.error)} onRetry={() => void found.refetch()} />}
      {found.data && (
        <Lines
          none="Nothing was deployed yet."
          of={rows.slice(0, SHOWN).map((deployment) => ({
            id: deployment.id,
            look: lookOf(DEPLOYMENT, deployment.state),
            at: deployment.startedAt,
            text: (
              <Link {...paths.deployment(deployment.id)}>
                {deployment.release.name} {deployment.release.version} to {deployment.environment}
                {deployment.rollback ? ' (roll back)' : ''}
              </Link>
            ),
          }))}
        />
      )}
    </Panel>
  )
}
