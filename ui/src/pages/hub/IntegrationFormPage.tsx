import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { integrationQuery, integrationsQuery, pluginsQuery } from '../../api/queries'
import { useWhyNot } from '../../api/session'
import type { Contribution } from '../../api/types'
import { draftFrom, EMPTY, withConnector } from '../../hub/draft'
import { Empty } from '../../widgets/Empty'
import { IntegrationForm } from './IntegrationForm'

const newRoute = getRouteApi('/shell/integrations/+new')
const changeRoute = getRouteApi('/shell/integrations/$name/change')

/** Targets have documents of their own kind. */
const ELSEWHERE = 'target'

/** What plugins bring that an integration can be made with. */
function useConnectors(): Contribution[] {
  const plugins = useSuspenseQuery(pluginsQuery).data.items
  return plugins
    .filter(({ state }) => state === 'loaded')
    .flatMap(({ contributes }) => contributes)
    .filter(({ kind }) => kind !== ELSEWHERE)
}

/** Applying asks for both. */
function useMayNot(): string | undefined {
  const integration = useWhyNot('integration.change')
  const environment = useWhyNot('environment.change')
  return integration ?? environment
}

/** What most people come for: a registry, where there is one. */
function usual<Of extends { kind: string }>(connectors: readonly Of[]): Of | undefined {
  return connectors.find(({ kind }) => kind === 'registry') ?? connectors[0]
}

export function NewIntegrationPage() {
  const { connector } = newRoute.useSearch()
  const connectors = useConnectors()
  const mayNot = useMayNot()
  const integrations = useSuspenseQuery(integrationsQuery).data.items
  const wanted = connectors.find(({ kind, name }) => `${kind}/${name}` === connector) ?? usual(connectors)
  if (mayNot !== undefined) return <NotForThem why={mayNot} title="Add an integration" />
  if (wanted === undefined) {
    return (
      <Empty heading="h1" icon="puzzle" title="No plugin brings a connector">
        Integrations are made of what plugins bring. Install one, or switch one on.
      </Empty>
    )
  }
  return (
    <IntegrationForm
      before={undefined}
      first={withConnector(EMPTY, wanted)}
      connectors={connectors}
      taken={integrations.map(({ name }) => name)}
    />
  )
}

export function ChangeIntegrationPage() {
  const { name } = changeRoute.useParams()
  const connectors = useConnectors()
  const mayNot = useMayNot()
  const integration = useSuspenseQuery(integrationQuery(name)).data
  if (mayNot !== undefined) return <NotForThem why={mayNot} title={`Change ${name}`} />
  return (
    <IntegrationForm
      key={name}
      before={name}
      revision={integration.revision}
      first={draftFrom(name, integration.spec)}
      connectors={connectors}
      taken={[]}
    />
  )
}

function NotForThem({ why, title }: { why: string; title: string }) {
  return (
    <Empty heading="h1" icon="lock" title={title}>
      {why}.
    </Empty>
  )
}
