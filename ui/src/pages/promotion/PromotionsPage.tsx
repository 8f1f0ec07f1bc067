import { useInfiniteQuery, useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { environmentsQuery, promotionFilters, promotionsQuery } from '../../api/queries'
import { useWhyNot } from '../../api/session'
import type { Promotion } from '../../api/types'
import { usePages } from '../../api/usePages'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { gateLine, gateWord } from '../../promotion/gates'
import { lookOf, PROMOTION } from '../../promotion/states'
import { ActionButton } from '../../widgets/ActionButton'
import { Empty } from '../../widgets/Empty'
import { Choice, Filters, Pill } from '../../widgets/Filters'
import { Icon } from '../../widgets/Icon'
import { PageHead } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { Words } from '../../widgets/Words'

const route = getRouteApi('/shell/promotions')

const STATES = Object.entries(PROMOTION).map(([state, look]) => [state, look.word] as const)

const COLUMNS: readonly Column<Promotion>[] = [
  {
    key: 'what',
    head: 'Promotion',
    cell: (promotion) => (
      <Link {...paths.promotion(promotion.id)} className="row nowrap strong">
        {promotion.release.name} {promotion.release.version}
        <Icon name={promotion.rollback ? 'arrow-back-up' : 'arrow-right'} size={14} />
        {promotion.environment}
      </Link>
    ),
  },
  { key: 'state', head: 'State', cell: (promotion) => <State look={lookOf(PROMOTION, promotion.state)} /> },
  { key: 'gate', head: 'What stands in the way', width: '42%', cell: (promotion) => <InTheWay promotion={promotion} /> },
  { key: 'by', head: 'Asked for by', cell: (promotion) => (promotion.follows === null ? promotion.requestedBy.name : 'automatic') },
  {
    key: 'at',
    head: 'When',
    cell: (promotion) => (
      <span className="muted">
        <Time at={promotion.requestedAt} />
      </span>
    ),
  },
]

function InTheWay({ promotion }: { promotion: Promotion }) {
  const open = ['waiting', 'scheduled', 'blocked'].includes(promotion.state)
  const gates = promotion.decision?.gates.filter(({ state }) => state !== 'pass') ?? []
  if (promotion.queue !== null) return <>Waits for its turn, position {promotion.queue.position}</>
  if (!open || gates[0] === undefined) return <span className="muted">{promotion.reason}</span>
  return (
    <span className="two-lines">
      <Words text={gateLine(gateWord(gates[0]))} />
      {gates.length > 1 && <span className="muted"> and {gates.length - 1} more</span>}
    </span>
  )
}

/** Every promotion, those that wait for the reader first. */
export function PromotionsPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const whyNot = useWhyNot('promotion.request')
  const environments = useSuspenseQuery(environmentsQuery).data.items
  const { rows, more } = usePages(promotionsQuery(promotionFilters(search)))
  const mine = useInfiniteQuery(promotionsQuery({ waitingForMe: 'true' })).data?.pages.flatMap(({ items }) => items)
  const set = (change: typeof search) =>
    void navigate({ ...paths.promotions({ ...search, ...change }), replace: true })
  const filtered = Object.values(search).some(Boolean)
  const waiting = new Set(filtered ? [] : mine?.map(({ id }) => id))
  const ordered = filtered ? rows : [...(mine ?? []), ...rows.filter(({ id }) => !waiting.has(id))]
  const request = (
    <ActionButton whyNot={whyNot} leftSection={<Icon name="plus" />} onClick={() => void navigate(paths.newPromotion())}>
      Request a promotion
    </ActionButton>
  )
  return (
    <>
      <PageHead title="Promotions" sub="What was asked to go where, and what the gates say" actions={rows.length > 0 || filtered ? request : undefined} />
      <Filters>
        <Pill on={search.mine !== undefined} onToggle={() => set({ mine: search.mine ? undefined : '1' })}>
          Waiting for me{mine && mine.length > 0 ? ` (${mine.length})` : ''}
        </Pill>
        <Choice
          label="Environment"
          value={search.environment}
          options={environments.map(({ name }) => [name, name])}
          onChange={(environment) => set({ environment })}
        />
        <Choice label="State" value={search.state} options={STATES} onChange={(state) => set({ state })} />
        {search.release && (
          <Pill on onToggle={() => set({ release: undefined })}>
            Release {search.release}
          </Pill>
        )}
      </Filters>
      {ordered.length > 0 && (
        <Table label="Promotions" rows={ordered} rowKey={({ id }) => id} columns={COLUMNS} more={more} fill />
      )}
      {ordered.length === 0 && filtered && (
        <Empty icon="filter" title={search.mine ? 'Nothing waits for you' : 'No promotion fits these filters'}>
          {search.mine ? 'No promotion needs your word now.' : 'Empty the filters to see all of them.'}
        </Empty>
      )}
      {ordered.length === 0 && !filtered && (
        <Empty
          icon="git-pull-request"
          title="No promotions yet"
          command={commands.firstPromotion(environments[0]?.name ?? 'dev')}
          action={request}
        >
          Ask for a release in an environment; its gates answer at once.
        </Empty>
      )}
    </>
  )
}
