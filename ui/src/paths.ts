import { linkOptions } from '@tanstack/react-router'

// Every place of the console, named once. A link is one of these; nothing else writes an address.
export const paths = {
  signIn: (next?: string) => linkOptions({ to: '/sign-in', search: { next } }),
  matrix: (search: { q?: string; compare?: string; cell?: string } = {}) => linkOptions({ to: '/', search }),
  releases: (search: { q?: string } = {}) => linkOptions({ to: '/releases', search }),
  where: (search: { q?: string } = {}) => linkOptions({ to: '/where', search }),
  allFindings: (
    search: Partial<
      Record<
        'q' | 'severity' | 'fixable' | 'exploited' | 'reach' | 'vex' | 'counts' | 'component' | 'image' | 'environment',
        string | undefined
      >
    > = {},
  ) => linkOptions({ to: '/findings', search }),
  advisory: (name: string) => linkOptions({ to: '/advisories/$name', params: { name } }),
  vex: () => linkOptions({ to: '/vex' }),
  newRelease: (from?: string) => linkOptions({ to: '/releases/new', search: { from } }),
  components: (search: { q?: string } = {}) => linkOptions({ to: '/components', search }),
  /** A plus is in no name. */
  newComponent: () => linkOptions({ to: '/components/+new' }),
  component: (name: string, search: { channel?: string } = {}) =>
    linkOptions({ to: '/components/$name', params: { name }, search }),
  changeComponent: (name: string) => linkOptions({ to: '/components/$name/change', params: { name } }),
  template: (name: string) => linkOptions({ to: '/templates/$name', params: { name } }),
  release: (id: string) => linkOptions({ to: '/releases/$id', params: { id } }),
  findings: (
    id: string,
    scan: string,
    search: Partial<Record<'q' | 'severity' | 'reach' | 'vex' | 'kev' | 'fixable', string | undefined>> = {},
  ) => linkOptions({ to: '/releases/$id/findings/$scan', params: { id, scan }, search }),
  releaseDiff: (id: string, other: string) =>
    linkOptions({ to: '/releases/$id/diff/$other', params: { id, other } }),
  promotions: (search: { environment?: string; state?: string; release?: string; mine?: string } = {}) =>
    linkOptions({ to: '/promotions', search }),
  approvals: () => linkOptions({ to: '/approvals' }),
  newPromotion: (search: { release?: string; environment?: string; hotfix?: string; ticket?: string } = {}) =>
    linkOptions({ to: '/promotions/new', search }),
  promotion: (id: string) => linkOptions({ to: '/promotions/$id', params: { id } }),
  deployments: (search: { environment?: string; state?: string } = {}) =>
    linkOptions({ to: '/deployments', search }),
  deployment: (id: string, search: { line?: string; target?: string; q?: string } = {}) =>
    linkOptions({ to: '/deployments/$id', params: { id }, search }),
  evidence: (search: { subject?: string } = {}) => linkOptions({ to: '/evidence', search }),
  workflows: (search: { q?: string } = {}) => linkOptions({ to: '/workflows', search }),
  /** A plus is in no name. */
  newWorkflow: () => linkOptions({ to: '/workflows/+new' }),
  workflow: (name: string, search: { step?: string } = {}) =>
    linkOptions({ to: '/workflows/$name', params: { name }, search }),
  triggers: (search: { trigger?: string } = {}) => linkOptions({ to: '/triggers', search }),
  runs: (search: { workflow?: string; state?: string } = {}) => linkOptions({ to: '/runs', search }),
  run: (run: string, search: { step?: string } = {}) => linkOptions({ to: '/runs/$run', params: { run }, search }),
  packet: (id: string) => linkOptions({ to: '/evidence/$id', params: { id } }),
  environments: () => linkOptions({ to: '/environments' }),
  environment: (name: string) => linkOptions({ to: '/environments/$name', params: { name } }),
  onCall: (schedule: string) => linkOptions({ to: '/oncall/$schedule', params: { schedule } }),
  lifecycle: (name: string, search: { release?: string } = {}) =>
    linkOptions({ to: '/lifecycles/$name', params: { name }, search }),
  policy: (name: string) => linkOptions({ to: '/policies/$name', params: { name } }),
  freezes: (search: { environment?: string | undefined } = {}) => linkOptions({ to: '/freezes', search }),
  newDocument: (kind?: string) => linkOptions({ to: '/documents/+new', search: { kind } }),
  document: (kind: string, name: string) => linkOptions({ to: '/documents/$kind/$name', params: { kind, name } }),
  integrations: (search: { q?: string } = {}) => linkOptions({ to: '/integrations', search }),
  /** A plus is in no name: an integration may be called new. */
  newIntegration: (connector?: string) => linkOptions({ to: '/integrations/+new', search: { connector } }),
  integration: (name: string) => linkOptions({ to: '/integrations/$name', params: { name } }),
  changeIntegration: (name: string) => linkOptions({ to: '/integrations/$name/change', params: { name } }),
  webhooks: (search: { integration?: string; state?: string } = {}) => linkOptions({ to: '/webhooks', search }),
  secrets: (search: { q?: string } = {}) => linkOptions({ to: '/secrets', search }),
  notifications: () => linkOptions({ to: '/notifications' }),
  plugins: (search: { q?: string; open?: string } = {}) => linkOptions({ to: '/plugins', search }),
  agents: () => linkOptions({ to: '/agents' }),
  audit: (search: { subject?: string; kind?: string } = {}) => linkOptions({ to: '/audit', search }),
  access: () => linkOptions({ to: '/access' }),
  system: () => linkOptions({ to: '/system' }),
} as const
