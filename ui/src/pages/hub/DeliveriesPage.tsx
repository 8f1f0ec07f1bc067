import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { deliveriesQuery, integrationsQuery } from '../../api/queries'
import { useWhyNot } from '../../api/session'
import { usePages } from '../../api/usePages'
import { DELIVERY } from '../../hub/states'
import { paths } from '../../paths'
import { ActionButton } from '../../widgets/ActionButton'
import { Empty } from '../../widgets/Empty'
import { Choice, Filters } from '../../widgets/Filters'
import { Icon } from '../../widgets/Icon'
import { PageHead } from '../../widgets/Panel'
import { DeliveryTable } from './DeliveryTable'
import { REFRESH_MS } from './IntegrationsPage'

const route = getRouteApi('/shell/webhooks')
const STATES = Object.entries(DELIVERY).map(([state, look]) => [state, look.word] as const)

/** What services sent by themselves, and what came of it. */
export function DeliveriesPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const mayNot = useWhyNot('integration.change')
  const webhooks = useSuspenseQuery(integrationsQuery).data.items.filter(({ kind }) => kind === 'webhook')
  const { rows, more } = usePages({ ...deliveriesQuery(search), refetchInterval: REFRESH_MS })
  const set = (change: typeof search) => void navigate({ ...paths.webhooks({ ...search, ...change }), replace: true })
  const filtered = Object.values(search).some(Boolean)
  return (
    <>
      <PageHead title="Webhooks" sub="What services sent by themselves, each verified by its own signature" />
      {(webhooks.length > 0 || filtered) && (
        <Filters>
          <Choice
            label="From"
            value={search.integration}
            options={webhooks.map(({ name }) => [name, name])}
            onChange={(integration) => set({ integration })}
          />
          <Choice label="State" value={search.state} options={STATES} onChange={(state) => set({ state })} />
        </Filters>
      )}
      {rows.length > 0 && <DeliveryTable rows={rows} more={more} fill />}
      {rows.length === 0 && filtered && (
        <Empty icon="filter" title="No delivery fits these filters">
          Empty the filters to see all of them.
        </Empty>
      )}
      {rows.length === 0 && !filtered && webhooks.length > 0 && (
        <Empty icon="bolt" title="Nothing has arrived yet">
          Give the service the address that the page of its integration shows, and the secret that it names.
        </Empty>
      )}
      {rows.length === 0 && !filtered && webhooks.length === 0 && (
        <Empty
          icon="bolt"
          title="No webhooks yet"
          action={
            <ActionButton
              whyNot={mayNot}
              leftSection={<Icon name="plus" />}
              onClick={() => void navigate(paths.newIntegration('webhook/signed'))}
            >
              Add a webhook
            </ActionButton>
          }
        >
          A forge, a registry, a chat or a CI job can tell of pushes and builds. Add an integration of kind webhook; its
          page then shows the address to send to.
        </Empty>
      )}
    </>
  )
}
