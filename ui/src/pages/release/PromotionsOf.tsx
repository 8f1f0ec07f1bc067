import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { promotionsQuery } from '../../api/queries'
import { problemFrom } from '../../api/refused'
import type { Release } from '../../api/types'
import { paths } from '../../paths'
import { lookOf, PROMOTION } from '../../promotion/states'
import { Loading } from '../../widgets/Loading'
import { Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { Timeline } from '../../widgets/Timeline'

/** Where somebody asked for this release to go, newest first. */
export function PromotionsOf({ release }: { release: Release }) {
  const found = useInfiniteQuery(promotionsQuery({ release: release.id }))
  const rows = found.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Panel title="Promotions">
      {found.isPending && <Loading lines={3} />}
      {found.error && <Refusal problem={problemFrom(found.error)} onRetry={() => void found.refetch()} />}
      {found.data && rows.length === 0 && <p className="muted">Nobody asked for it to go anywhere yet.</p>}
      <Timeline
        of={rows.map((promotion) => ({
          key: promotion.id,
          at: promotion.requestedAt,
          look: lookOf(PROMOTION, promotion.state),
          text: (
            <span>
              <Link {...paths.promotion(promotion.id)} className="strong">
                to {promotion.environment}
              </Link>{' '}
              <span className="muted">
                {promotion.state}, asked for by {promotion.requestedBy.name}
              </span>
            </span>
          ),
        }))}
      />
    </Panel>
  )
}
