import type { NewStatement } from './api/types'
import { said, stella } from './words/command'
import { workflowCommands } from './workflow/commands'

// The same from a terminal. A user who clicks once may script it ever after. A test holds these to the reference.

const LIST_OPTIONS = [
  ['vex', '--vex'],
  ['reach', '--reach'],
  ['component', '--component'],
  ['image', '--image'],
  ['environment', '--env'],
  ['q', '--search'],
] as const

export const commands = {
  ...workflowCommands,
  approve: (id: string, comment: string, plan: string) =>
    stella('approve', id, '--plan', plan, ...(comment.trim() === '' ? [] : ['-m', comment])),
  approveAlike: (ids: readonly string[], comment: string, standsFor: string | null = null) =>
    stella('approve', ...ids, '-m', said(comment, 'COMMENT'), ...(standsFor === null ? [] : ['--for', standsFor])),
  waitingForMe: () => stella('promotion', 'list', '--mine'),
  reject: (id: string, comment: string) => stella('reject', id, '-m', said(comment, 'COMMENT')),
  cancel: (id: string, comment: string) => stella('cancel', id, '-m', said(comment, 'COMMENT')),
  why: (id: string) => stella('why', id),
  promote: (release: string, environments: readonly string[], priority = 'normal', hotfix?: string, ticket = '') =>
    stella(
      'promote',
      release,
      ...environments.flatMap((environment) => ['--env', environment]),
      ...(priority === 'normal' ? [] : ['--priority', priority]),
      ...(ticket === '' ? [] : ['--ticket', ticket]),
      ...(hotfix === undefined ? [] : ['--hotfix', '-m', said(hotfix, 'REASON')]),
    ),
  dryRun: (release: string, environments: readonly string[], hotfix = false, ticket = '') =>
    stella(
      'promote',
      release,
      ...environments.flatMap((environment) => ['--env', environment]),
      ...(ticket === '' ? [] : ['--ticket', ticket]),
      ...(hotfix ? ['--hotfix'] : []),
      '--dry-run',
    ),
  lifecycle: (name: string, release?: string) =>
    stella('lifecycle', 'show', name, ...(release === undefined ? [] : ['--release', release])),
  onCall: (schedule: string) => stella('oncall', 'show', schedule),
  takeShift: (schedule: string, person: string, until: string, from?: string) =>
    stella(
      'oncall',
      'override',
      schedule,
      '--person',
      said(person, 'NAME'),
      ...(from === undefined ? [] : ['--from', from]),
      '--until',
      said(until, 'TIME'),
    ),
  returnShift: (schedule: string, id: string) => stella('oncall', 'return', schedule, id),
  repository: (name: string) => stella('repository', 'sync', name),
  rollback: (environment: string, reason: string, release: string, ticket = '') =>
    stella(
      'rollback',
      '--env',
      environment,
      '-m',
      said(reason, 'REASON'),
      ...(release === '' ? [] : ['--release', release]),
      ...(ticket === '' ? [] : ['--ticket', ticket]),
    ),
  createRelease: (
    name: string,
    version: string,
    components: readonly (readonly [string, string])[],
    channel = '',
  ) =>
    stella(
      'release',
      'create',
      said(name, 'NAME'),
      '--version',
      said(version, 'VERSION'),
      ...components.flatMap(([component, reference]) => ['--component', `${component}=${reference}`]),
      ...(channel === '' ? [] : ['--channel', channel]),
    ),
  components: () => stella('component', 'list'),
  componentVersions: (name: string, channel = '') =>
    stella('component', 'versions', name, ...(channel === '' ? [] : ['--channel', channel])),
  applyComponent: (name: string) => stella('apply', '-f', `${said(name, 'component')}.yaml`),
  releasesWith: (component: string) => stella('release', 'list', '--component', component),
  firstComponent: () => stella('apply', '-f', 'components.yaml'),
  makeRelease: (template: string, picks: Readonly<Record<string, string>>, channel = '', dryRun = false) =>
    stella(
      'release',
      'make',
      template,
      ...Object.entries(picks).flatMap(([component, version]) => ['--pick', `${component}=${version}`]),
      ...(channel === '' ? [] : ['--channel', channel]),
      ...(dryRun ? ['--dry-run'] : []),
    ),
  withdraw: (id: string, reason: string) => stella('release', 'withdraw', id, '-m', said(reason, 'REASON')),
  revise: (id: string, reason: string) => stella('release', 'revise', id, '-m', said(reason, 'REASON')),
  sayVex: (statement: NewStatement) =>
    stella(
      'vex',
      'create',
      '--server',
      '--vulnerability',
      statement.vulnerability,
      ...statement.products.flatMap((product) => ['--product', product]),
      ...statement.subcomponents.flatMap((part) => ['--subcomponent', part]),
      '--status',
      statement.status,
      ...(['justification', 'impact', 'action', 'expires'] as const).flatMap((name) =>
        statement[name] === '' ? [] : [`--${name}`, statement[name]],
      ),
      ...(statement.notes === '' ? [] : ['--note', statement.notes]),
    ),
  logs: (id: string) => stella('deploy', 'logs', id),
  watch: (id: string) => stella('deploy', 'watch', id),
  getPacket: (id: string) => stella('evidence', 'get', id),
  replay: (name: string) => stella('replay', `${name}.stella.tar`),
  freeze: (environment: string, until: string, reason: string) =>
    stella('freeze', 'create', '--env', environment, '--until', said(until, 'TIME'), '-m', said(reason, 'REASON')),
  hold: (environment: string, reason: string) =>
    stella('environment', 'hold', environment, '-m', said(reason, 'REASON')),
  takeDown: (environment: string, reason: string, plan: string) =>
    stella(
      'environment',
      'take-down',
      environment,
      '-m',
      said(reason, 'REASON'),
      ...(plan === '' ? [] : ['--plan', plan]),
    ),
  resume: (environment: string, reason: string) =>
    stella('environment', 'resume', environment, '-m', said(reason, 'REASON')),
  overrideFreeze: (freeze: string, environment: string, release: string, reason: string) =>
    stella('freeze', 'override', freeze, '--env', environment, '--release', said(release, 'RELEASE'), '-m', said(reason, 'REASON')),
  endFreeze: (id: string, reason: string) => stella('freeze', 'end', id, '-m', said(reason, 'REASON')),
  waive: (environment: string, rule: string, finding: string, component: string, until: string, reason: string) =>
    stella(
      'waiver',
      'create',
      '--env',
      environment,
      '--rule',
      said(rule, 'RULE'),
      ...(finding === '' ? [] : ['--finding', finding]),
      ...(component === '' ? [] : ['--component', component]),
      '--until',
      said(until, 'TIME'),
      '-m',
      said(reason, 'REASON'),
    ),
  approveWaiver: (id: string) => stella('waiver', 'approve', id),
  endWaiver: (id: string, reason: string) => stella('waiver', 'end', id, '-m', said(reason, 'REASON')),
  breakGlass: (id: string, reason: string, until: string, plan: string) =>
    stella(
      'promotion',
      'break-glass',
      'request',
      id,
      '--plan',
      plan,
      '--until',
      said(until, 'TIME'),
      '-m',
      said(reason, 'REASON'),
    ),
  agreeToBreakGlass: (id: string) => stella('promotion', 'break-glass', 'agree', id),
  endBreakGlass: (id: string, reason: string) =>
    stella('promotion', 'break-glass', 'end', id, '-m', said(reason, 'REASON')),
  applyDocument: (name: string) => stella('apply', '-f', `${said(name, 'document')}.yaml`),
  applyIntegration: (name: string) => stella('apply', '-f', `${said(name, 'integration')}.yaml`),
  getIntegration: (name: string) => stella('integration', 'get', name, '-o', 'yaml'),
  testIntegration: (name: string) => stella('integration', 'test', name),
  integrationHistory: (name: string) => stella('integration', 'history', name),
  deleteIntegration: (name: string) => stella('integration', 'delete', name),
  webhookAddress: (name: string) => stella('webhook', 'address', name),
  listDeliveries: (integration: string) => stella('webhook', 'list', '--integration', integration),
  retryDelivery: (id: string) => stella('webhook', 'retry', id),
  setSecret: (name: string) => stella('secret', 'set', said(name, 'NAME')),
  deleteSecret: (name: string) => stella('secret', 'delete', name),
  rotateSecretKey: () => stella('secret', 'rotate-key'),
  rewrapSecrets: () => stella('secret', 'rewrap'),
  showPlugin: (name: string) => stella('plugin', 'show', name),
  installPlugin: (wheel: string) => stella('plugin', 'install', said(wheel, 'WHEEL')),
  grantPlugin: (name: string, allowed: readonly string[]) =>
    stella('plugin', 'grant', name, ...allowed.flatMap((word) => ['--allow', word])),
  enablePlugin: (name: string, version: string) =>
    stella('plugin', 'enable', name, ...(version === '' ? [] : ['--version', version])),
  disablePlugin: (name: string) => stella('plugin', 'disable', name),
  removePlugin: (name: string, version: string) => stella('plugin', 'remove', name, version),
  checkPlugin: (name: string) => stella('plugin', 'check', name),
  changeMachine: (name: string, disabled: boolean) => stella('machine', disabled ? 'disable' : 'enable', name),
  revokeAgent: (name: string, reason: string) => stella('agent', 'revoke', name, '-m', said(reason, 'REASON')),
  createToken: (name: string, roles: readonly string[], days: number) =>
    stella(
      'token',
      'create',
      said(name, 'NAME'),
      ...roles.flatMap((role) => ['--role', role]),
      '--days',
      String(days),
    ),
  createUser: (name: string, roles: readonly string[]) =>
    stella('user', 'create', said(name, 'NAME'), ...roles.flatMap((role) => ['--role', role]), '--password-stdin'),
  addAddress: (user: string, address: string) => stella('user', 'address', 'add', user, said(address, 'ADDRESS')),
  firstRelease: () => stella('release', 'create', 'NAME', '--version', 'VERSION', '--component', 'web=REGISTRY/IMAGE:TAG'),
  firstPromotion: (environment: string) => stella('promote', 'NAME@VERSION', '--env', environment),
  firstEnvironments: () => stella('apply', '-f', 'environments.yaml'),
  importAdvisories: () => stella('advisory', 'import', 'FEED', '--into', 'DIRECTORY'),
  doctor: () => stella('doctor'),
  fix: (check: string) => stella('doctor', '--fix', check),
  bundle: () => stella('doctor', 'bundle', '--to', 'stella-support.tar'),
  findingList: (search: Readonly<Partial<Record<string, string | undefined>>>) =>
    stella(
      'finding',
      'list',
      ...(search['exploited'] === 'true' ? ['--exploited'] : []),
      ...(search['fixable'] === 'true' ? ['--fixable'] : []),
      ...(search['counts'] === 'true' ? ['--counts'] : []),
      ...LIST_OPTIONS.flatMap(([key, option]) => (search[key] === undefined ? [] : [option, search[key]])),
    ),
  ask: (question: string) => stella('advisory', 'ask', ...question.split(/\s+/).filter(Boolean)),
  askModel: (question: string, by: string) =>
    stella('advisory', 'ask', '--written-by', by, ...question.split(/\s+/).filter(Boolean)),
  syncVex: () => stella('vex', 'sync'),
  findingWhere: (name: string) => stella('finding', 'where', name),
  allowSecret: (name: string, integration: string, place: string) =>
    stella('secret', 'allow', name, integration, '--place', place),
  forbidSecret: (name: string, integration: string) => stella('secret', 'forbid', name, integration),
} as const
