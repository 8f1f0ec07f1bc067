import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router'
import { documentQuery } from './api/documents'
import { alikeQuery, waitingQuery } from './api/alike'
import { releaseComponentQuery, releaseComponentsQuery, releasesWithQuery, templatesQuery } from './api/components'
import * as findingQueries from './api/findings'
import { calendarQuery } from './api/freezes'
import { lifecycleQuery, lifecyclesQuery } from './api/lifecycles'
import { onCallQuery, onCallScheduleQuery } from './api/oncall'
import { repositoriesQuery } from './api/repositories'
import { triggersQuery } from './api/triggers'
import { runQuery, runsQuery, stepTypesQuery, workflowQuery, workflowsQuery } from './api/workflows'
import * as queries from './api/queries'
import { Refused } from './api/refused'
import { FREEZE_DAYS } from './environment/calendar'
import { part } from './part'
import { NotThere, PageRefused } from './shell/Faces'
import { Shell } from './shell/Shell'
import { keys, parseSearch, stringifySearch } from './search'
import { Loading } from './widgets/Loading'

interface Context {
  client: QueryClient
}

// Named before the routes: within them the compiler would lose the keys' names.
const searches = {
  signIn: keys('next', 'refused'),
  matrix: keys('q', 'compare', 'cell'),
  releases: keys('q'),
  newRelease: keys('from'),
  where: keys('q'),
  findings: keys('q', 'severity', 'reach', 'vex', 'kev', 'fixable'),
  allFindings: keys(
    'q',
    'severity',
    'fixable',
    'exploited',
    'reach',
    'vex',
    'counts',
    'component',
    'image',
    'environment',
  ),
  promotions: keys('environment', 'state', 'release', 'mine'),
  newPromotion: keys('release', 'environment', 'hotfix', 'ticket'),
  lifecycle: keys('release'),
  newDocument: keys('kind'),
  freezes: keys('environment'),
  components: keys('q'),
  component: keys('channel'),
  deployments: keys('environment', 'state'),
  deployment: keys('line', 'target', 'q'),
  workflows: keys('q'),
  triggers: keys('trigger'),
  workflow: keys('step'),
  runs: keys('workflow', 'state'),
  run: keys('step'),
  evidence: keys('subject'),
  integrations: keys('q'),
  newIntegration: keys('connector'),
  webhooks: keys('integration', 'state'),
  secrets: keys('q'),
  plugins: keys('q', 'open'),
  audit: keys('subject', 'kind'),
}

const root = createRootRouteWithContext<Context>()({ notFoundComponent: NotThere })

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: searches.signIn,
  component: lazyRouteComponent(() => part(() => import('./pages/SignIn')), 'SignIn'),
})

/** Everything behind the sign-in. */
const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    try {
      await context.client.ensureQueryData(queries.meQuery)
    } catch (error) {
      if (error instanceof Refused && error.problem.status === 401) {
        throw redirect({ to: '/sign-in', search: { next: location.href === '/' ? undefined : location.href } })
      }
      throw error
    }
  },
  loader: ({ context }) => context.client.ensureQueryData(queries.versionQuery),
})

const under = () => shell

const matrix = createRoute({
  getParentRoute: under,
  path: '/',
  validateSearch: searches.matrix,
  loader: ({ context }) => context.client.ensureQueryData(queries.matrixQuery),
  component: lazyRouteComponent(() => part(() => import('./pages/matrix/MatrixPage')), 'MatrixPage'),
})

const releases = createRoute({
  getParentRoute: under,
  path: '/releases',
  validateSearch: searches.releases,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => context.client.ensureInfiniteQueryData(queries.releasesQuery(deps)),
  component: lazyRouteComponent(() => part(() => import('./pages/release/ReleasesPage')), 'ReleasesPage'),
})

const where = createRoute({
  getParentRoute: under,
  path: '/where',
  validateSearch: searches.where,
  component: lazyRouteComponent(() => part(() => import('./pages/release/WherePage')), 'WherePage'),
})

const allFindings = createRoute({
  getParentRoute: under,
  path: '/findings',
  validateSearch: searches.allFindings,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) =>
    Promise.all([
      context.client.ensureInfiniteQueryData(findingQueries.allFindingsQuery(deps)),
      context.client.ensureQueryData(queries.environmentsQuery),
    ]),
  component: lazyRouteComponent(() => part(() => import('./pages/finding/AllFindingsPage')), 'AllFindingsPage'),
})

/** Its page asks by itself: what is not known of it is part of what it shows. */
const advisory = createRoute({
  getParentRoute: under,
  path: '/advisories/$name',
  component: lazyRouteComponent(() => part(() => import('./pages/finding/AdvisoryPage')), 'AdvisoryPage'),
})

const vex = createRoute({
  getParentRoute: under,
  path: '/vex',
  loader: ({ context }) =>
    Promise.all([
      context.client.ensureQueryData(findingQueries.vexFeedsQuery),
      context.client.ensureInfiniteQueryData(findingQueries.vexDocumentsQuery),
    ]),
  component: lazyRouteComponent(() => part(() => import('./pages/finding/VexPage')), 'VexPage'),
})

const newRelease = createRoute({
  getParentRoute: under,
  path: '/releases/new',
  validateSearch: searches.newRelease,
  loaderDeps: ({ search }) => search,
  loader: async ({ context, deps }) =>
    deps.from === undefined ? undefined : context.client.ensureQueryData(queries.releaseQuery(deps.from)),
  component: lazyRouteComponent(() => part(() => import('./pages/release/NewReleasePage')), 'NewReleasePage'),
})

const components = createRoute({
  getParentRoute: under,
  path: '/components',
  validateSearch: searches.components,
  loader: ({ context }) =>
    Promise.all([
      context.client.ensureQueryData(releaseComponentsQuery),
      context.client.ensureQueryData(templatesQuery),
    ]),
  component: lazyRouteComponent(() => part(() => import('./pages/component/ComponentsPage')), 'ComponentsPage'),
})

const newComponent = createRoute({
  getParentRoute: under,
  path: '/components/+new',
  loader: ({ context }) => context.client.ensureQueryData(releaseComponentsQuery),
  component: lazyRouteComponent(() => part(() => import('./pages/component/ComponentFormPage')), 'NewComponentPage'),
})

const component = createRoute({
  getParentRoute: under,
  path: '/components/$name',
  validateSearch: searches.component,
  loader: ({ context, params }) =>
    Promise.all([
      context.client.ensureQueryData(releaseComponentQuery(params.name)),
      context.client.ensureQueryData(releasesWithQuery(params.name)),
      context.client.ensureQueryData(templatesQuery),
    ]),
  component: lazyRouteComponent(() => part(() => import('./pages/component/ComponentPage')), 'ComponentPage'),
})

const changeComponent = createRoute({
  getParentRoute: under,
  path: '/components/$name/change',
  loader: ({ context, params }) => context.client.ensureQueryData(releaseComponentQuery(params.name)),
  component: lazyRouteComponent(() => part(() => import('./pages/component/ComponentFormPage')), 'ChangeComponentPage'),
})

const template = createRoute({
  getParentRoute: under,
  path: '/templates/$name',
  loader: ({ context }) => context.client.ensureQueryData(templatesQuery),
  component: lazyRouteComponent(() => part(() => import('./pages/component/TemplatePage')), 'TemplatePage'),
})

const release = createRoute({
  getParentRoute: under,
  path: '/releases/$id',
  loader: ({ context, params }) => context.client.ensureQueryData(queries.releaseQuery(params.id)),
  component: lazyRouteComponent(() => part(() => import('./pages/release/ReleasePage')), 'ReleasePage'),
})

const findings = createRoute({
  getParentRoute: under,
  path: '/releases/$id/findings/$scan',
  validateSearch: searches.findings,
  loaderDeps: ({ search }) => search,
  loader: ({ context, params, deps }) =>
    Promise.all([
      context.client.ensureQueryData(queries.releaseQuery(params.id)),
      context.client.ensureInfiniteQueryData(findingQueries.findingsQuery(params.scan, deps)),
    ]),
  component: lazyRouteComponent(() => part(() => import('./pages/release/FindingsPage')), 'FindingsPage'),
})

const releaseDiff = createRoute({
  getParentRoute: under,
  path: '/releases/$id/diff/$other',
  loader: ({ context, params }) =>
    context.client.ensureQueryData(queries.releaseDiffQuery(params.id, params.other)),
  component: lazyRouteComponent(() => part(() => import('./pages/release/ReleaseDiffPage')), 'ReleaseDiffPage'),
})

const promotions = createRoute({
  getParentRoute: under,
  path: '/promotions',
  validateSearch: searches.promotions,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) =>
    Promise.all([
      context.client.ensureInfiniteQueryData(queries.promotionsQuery(queries.promotionFilters(deps))),
      context.client.ensureQueryData(queries.environmentsQuery),
    ]),
  component: lazyRouteComponent(() => part(() => import('./pages/promotion/PromotionsPage')), 'PromotionsPage'),
})

const approvals = createRoute({
  getParentRoute: under,
  path: '/approvals',
  loader: ({ context }) =>
    Promise.all([context.client.ensureQueryData(alikeQuery), context.client.ensureQueryData(waitingQuery)]),
  component: lazyRouteComponent(() => part(() => import('./pages/promotion/ApprovalsPage')), 'ApprovalsPage'),
})

const newPromotion = createRoute({
  getParentRoute: under,
  path: '/promotions/new',
  validateSearch: searches.newPromotion,
  loader: ({ context }) =>
    Promise.all([
      context.client.ensureInfiniteQueryData(queries.releasesQuery()),
      context.client.ensureQueryData(queries.environmentsQuery),
    ]),
  component: lazyRouteComponent(() => part(() => import('./pages/promotion/NewPromotionPage')), 'NewPromotionPage'),
})

const promotion = createRoute({
  getParentRoute: under,
  path: '/promotions/$id',
  loader: ({ context, params }) => context.client.ensureQueryData(queries.promotionQuery(params.id)),
  component: lazyRouteComponent(() => part(() => import('./pages/promotion/PromotionPage')), 'PromotionPage'),
})

const deployments = createRoute({
  getParentRoute: under,
  path: '/deployments',
  validateSearch: searches.deployments,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) =>
    Promise.all([
      context.client.ensureInfiniteQueryData(queries.deploymentsQuery(deps)),
      context.client.ensureQueryData(queries.environmentsQuery),
    ]),
  component: lazyRouteComponent(() => part(() => import('./pages/deployment/DeploymentsPage')), 'DeploymentsPage'),
})

const deployment = createRoute({
  getParentRoute: under,
  path: '/deployments/$id',
  validateSearch: searches.deployment,
  loader: ({ context, params }) => context.client.ensureQueryData(queries.deploymentQuery(params.id)),
  component: lazyRouteComponent(() => part(() => import('./pages/deployment/DeploymentPage')), 'DeploymentPage'),
})

const workflows = createRoute({
  getParentRoute: under,
  path: '/workflows',
  validateSearch: searches.workflows,
  loader: ({ context }) => context.client.ensureQueryData(workflowsQuery),
  component: lazyRouteComponent(() => part(() => import('./pages/workflow/WorkflowsPage')), 'WorkflowsPage'),
})

const triggers = createRoute({
  getParentRoute: under,
  path: '/triggers',
  validateSearch: searches.triggers,
  loader: ({ context }) => context.client.ensureQueryData(triggersQuery),
  component: lazyRouteComponent(() => part(() => import('./pages/workflow/TriggersPage')), 'TriggersPage'),
})

const runs = createRoute({
  getParentRoute: under,
  path: '/runs',
  validateSearch: searches.runs,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) =>
    Promise.all([
      context.client.ensureInfiniteQueryData(runsQuery(deps)),
      context.client.ensureQueryData(workflowsQuery),
    ]),
  component: lazyRouteComponent(() => part(() => import('./pages/workflow/RunsPage')), 'RunsPage'),
})

const run = createRoute({
  getParentRoute: under,
  path: '/runs/$run',
  validateSearch: searches.run,
  loader: ({ context, params }) => context.client.ensureQueryData(runQuery(params.run)),
  component: lazyRouteComponent(() => part(() => import('./pages/workflow/RunPage')), 'RunPage'),
})

const newWorkflow = createRoute({
  getParentRoute: under,
  path: '/workflows/+new',
  loader: ({ context }) => context.client.ensureQueryData(stepTypesQuery),
  component: lazyRouteComponent(() => part(() => import('./pages/workflow/DesignerPage')), 'NewWorkflowPage'),
})

const workflow = createRoute({
  getParentRoute: under,
  path: '/workflows/$name',
  validateSearch: searches.workflow,
  loader: ({ context, params }) =>
    Promise.all([
      context.client.ensureQueryData(documentQuery('Workflow', params.name)),
      context.client.ensureQueryData(workflowQuery(params.name)),
      context.client.ensureQueryData(stepTypesQuery),
    ]),
  component: lazyRouteComponent(() => part(() => import('./pages/workflow/DesignerPage')), 'DesignerPage'),
})

const evidence = createRoute({
  getParentRoute: under,
  path: '/evidence',
  validateSearch: searches.evidence,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => context.client.ensureInfiniteQueryData(queries.evidenceListQuery(deps)),
  component: lazyRouteComponent(() => part(() => import('./pages/evidence/EvidenceListPage')), 'EvidenceListPage'),
})

const packet = createRoute({
  getParentRoute: under,
  path: '/evidence/$id',
  loader: ({ context, params }) => context.client.ensureQueryData(queries.evidenceQuery(params.id)),
  component: lazyRouteComponent(() => part(() => import('./pages/evidence/EvidencePage')), 'EvidencePage'),
})

const environments = createRoute({
  getParentRoute: under,
  path: '/environments',
  loader: ({ context }) =>
    Promise.all([
      context.client.ensureQueryData(queries.environmentsQuery),
      context.client.ensureQueryData(lifecyclesQuery),
      context.client.ensureQueryData(onCallQuery),
      context.client.ensureQueryData(repositoriesQuery),
    ]),
  component: lazyRouteComponent(() => part(() => import('./pages/environment/EnvironmentsPage')), 'EnvironmentsPage'),
})

const lifecycle = createRoute({
  getParentRoute: under,
  path: '/lifecycles/$name',
  validateSearch: searches.lifecycle,
  loaderDeps: ({ search }) => search,
  loader: ({ context, params, deps }) =>
    Promise.all([
      context.client.ensureQueryData(lifecycleQuery(params.name, deps.release)),
      context.client.ensureInfiniteQueryData(queries.releasesQuery()),
    ]),
  component: lazyRouteComponent(() => part(() => import('./pages/environment/LifecyclePage')), 'LifecyclePage'),
})

const onCall = createRoute({
  getParentRoute: under,
  path: '/oncall/$schedule',
  loader: ({ context, params }) => context.client.ensureQueryData(onCallScheduleQuery(params.schedule)),
  component: lazyRouteComponent(() => part(() => import('./pages/environment/OnCallPage')), 'OnCallPage'),
})

const environment = createRoute({
  getParentRoute: under,
  path: '/environments/$name',
  loader: ({ context, params }) => context.client.ensureQueryData(queries.environmentQuery(params.name)),
  component: lazyRouteComponent(() => part(() => import('./pages/environment/EnvironmentPage')), 'EnvironmentPage'),
})

const policy = createRoute({
  getParentRoute: under,
  path: '/policies/$name',
  loader: ({ context, params }) => context.client.ensureQueryData(queries.policyQuery(params.name)),
  component: lazyRouteComponent(() => part(() => import('./pages/environment/PolicyPage')), 'PolicyPage'),
})

const freezes = createRoute({
  getParentRoute: under,
  path: '/freezes',
  validateSearch: searches.freezes,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) =>
    Promise.all([
      context.client.ensureQueryData(calendarQuery(FREEZE_DAYS, deps.environment)),
      context.client.ensureQueryData(queries.environmentsQuery),
    ]),
  component: lazyRouteComponent(() => part(() => import('./pages/environment/CalendarPage')), 'CalendarPage'),
})

const newDocument = createRoute({
  getParentRoute: under,
  path: '/documents/+new',
  validateSearch: searches.newDocument,
  loader: ({ context }) => context.client.ensureQueryData(queries.environmentsQuery),
  component: lazyRouteComponent(() => part(() => import('./pages/document/DocumentPage')), 'NewDocumentPage'),
})

const changeDocument = createRoute({
  getParentRoute: under,
  path: '/documents/$kind/$name',
  loader: ({ context, params }) =>
    Promise.all([
      context.client.ensureQueryData(documentQuery(params.kind, params.name)),
      context.client.ensureQueryData(queries.environmentsQuery),
    ]),
  component: lazyRouteComponent(() => part(() => import('./pages/document/DocumentPage')), 'DocumentPage'),
})

const agents = createRoute({
  getParentRoute: under,
  path: '/agents',
  loader: ({ context }) => context.client.ensureQueryData(queries.agentsQuery),
  component: lazyRouteComponent(() => part(() => import('./pages/fleet/AgentsPage')), 'AgentsPage'),
})

const integrations = createRoute({
  getParentRoute: under,
  path: '/integrations',
  validateSearch: searches.integrations,
  loader: ({ context }) => context.client.ensureQueryData(queries.integrationsQuery),
  component: lazyRouteComponent(() => part(() => import('./pages/hub/IntegrationsPage')), 'IntegrationsPage'),
})

/** What the form of an integration is drawn from. */
function formNeeds(client: QueryClient) {
  return Promise.all([
    client.ensureQueryData(queries.pluginsQuery),
    client.ensureQueryData(queries.integrationsQuery),
    client.ensureQueryData(queries.environmentsQuery),
  ])
}

const newIntegration = createRoute({
  getParentRoute: under,
  path: '/integrations/+new',
  validateSearch: searches.newIntegration,
  loader: ({ context }) => formNeeds(context.client),
  component: lazyRouteComponent(() => part(() => import('./pages/hub/IntegrationFormPage')), 'NewIntegrationPage'),
})

const integration = createRoute({
  getParentRoute: under,
  path: '/integrations/$name',
  loader: ({ context, params }) =>
    Promise.all([
      context.client.ensureQueryData(queries.integrationQuery(params.name)),
      context.client.ensureQueryData(queries.integrationHealthQuery(params.name)),
      context.client.ensureQueryData(queries.pluginsQuery),
    ]),
  component: lazyRouteComponent(() => part(() => import('./pages/hub/IntegrationPage')), 'IntegrationPage'),
})

const changeIntegration = createRoute({
  getParentRoute: under,
  path: '/integrations/$name/change',
  loader: ({ context, params }) =>
    Promise.all([context.client.ensureQueryData(queries.integrationQuery(params.name)), formNeeds(context.client)]),
  component: lazyRouteComponent(() => part(() => import('./pages/hub/IntegrationFormPage')), 'ChangeIntegrationPage'),
})

const webhooks = createRoute({
  getParentRoute: under,
  path: '/webhooks',
  validateSearch: searches.webhooks,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) =>
    Promise.all([
      context.client.ensureInfiniteQueryData(queries.deliveriesQuery(deps)),
      context.client.ensureQueryData(queries.integrationsQuery),
    ]),
  component: lazyRouteComponent(() => part(() => import('./pages/hub/DeliveriesPage')), 'DeliveriesPage'),
})

/** Its page asks for the secrets itself, where the reader may see them. */
const secrets = createRoute({
  getParentRoute: under,
  path: '/secrets',
  validateSearch: searches.secrets,
  component: lazyRouteComponent(() => part(() => import('./pages/hub/SecretsPage')), 'SecretsPage'),
})

const notifications = createRoute({
  getParentRoute: under,
  path: '/notifications',
  loader: ({ context }) => context.client.ensureQueryData(queries.notificationsQuery),
  component: lazyRouteComponent(() => part(() => import('./pages/hub/NotificationsPage')), 'NotificationsPage'),
})

const plugins = createRoute({
  getParentRoute: under,
  path: '/plugins',
  validateSearch: searches.plugins,
  loader: ({ context }) => context.client.ensureQueryData(queries.pluginsQuery),
  component: lazyRouteComponent(() => part(() => import('./pages/hub/PluginsPage')), 'PluginsPage'),
})

const audit = createRoute({
  getParentRoute: under,
  path: '/audit',
  validateSearch: searches.audit,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => context.client.ensureInfiniteQueryData(queries.factsQuery(deps)),
  component: lazyRouteComponent(() => part(() => import('./pages/audit/AuditPage')), 'AuditPage'),
})

const access = createRoute({
  getParentRoute: under,
  path: '/access',
  component: lazyRouteComponent(() => part(() => import('./pages/access/AccessPage')), 'AccessPage'),
})

const system = createRoute({
  getParentRoute: under,
  path: '/system',
  loader: ({ context }) => context.client.ensureQueryData(queries.doctorQuery),
  component: lazyRouteComponent(() => part(() => import('./pages/system/SystemPage')), 'SystemPage'),
})

/** Whatever is no page: told within the shell, so that the way out is at hand. */
const elsewhere = createRoute({ getParentRoute: under, path: '$', component: NotThere })

const tree = root.addChildren([
  signIn,
  shell.addChildren([
    matrix,
    releases,
    where,
    allFindings,
    advisory,
    vex,
    newRelease,
    components,
    newComponent,
    component,
    changeComponent,
    template,
    release,
    findings,
    releaseDiff,
    promotions,
    approvals,
    newPromotion,
    promotion,
    deployments,
    deployment,
    workflows,
    newWorkflow,
    workflow,
    triggers,
    runs,
    run,
    evidence,
    packet,
    environments,
    lifecycle,
    onCall,
    environment,
    policy,
    freezes,
    newDocument,
    changeDocument,
    agents,
    integrations,
    newIntegration,
    integration,
    changeIntegration,
    webhooks,
    secrets,
    notifications,
    plugins,
    audit,
    access,
    system,
    elsewhere,
  ]),
])

export function makeRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { client },
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    defaultPendingMs: 150,
    defaultPendingMinMs: 0,
    defaultPendingComponent: Loading,
    defaultErrorComponent: PageRefused,
    defaultNotFoundComponent: NotThere,
    scrollRestoration: true,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}
