// The words of the HTTP API, as the console reads them.

export type GateState = 'pass' | 'blocked' | 'unknown' | 'waiting'
export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'unknown'

export interface Page<T> {
  items: T[]
  next: string | null
}

export interface Problem {
  type: string
  title: string
  status: number
  code: string
  retry_may_help?: boolean
  remedy?: { advice: string; command: string | null }
  facts?: Record<string, unknown>
}

export interface Person {
  id: string
  name: string
  roles: string[]
}

export interface Version {
  name: string
  version: string
  simulated: boolean
}

export type Permission =
  | 'view'
  | 'release.create'
  | 'promotion.request'
  | 'image.scan'
  | 'promotion.approve'
  | 'promotion.cancel'
  | 'deployment.operate'
  | 'environment.change'
  | 'freeze.change'
  | 'agent.enrol'
  | 'policy.change'
  | 'user.change'
  | 'token.create-any'
  | 'trust.change'

export interface Me {
  user: Person
  permissions: string[]
}

export interface User extends Person {
  disabled?: boolean
  createdAt?: string
}

export interface Token {
  id: string
  name: string
  roles?: string[]
  user?: Person | string | null
  createdAt?: string
  lastUsedAt?: string | null
  expiresAt: string | null
}

export interface NewToken extends Token {
  token: string
}

export interface ApprovalRule {
  rule: string
  approvers: string[]
  count: number
}

export type AgentState = 'online' | 'offline' | 'revoked' | 'unknown'

export interface Target {
  name: string
  environment: string
  connector: string
  agent: string
  agentState: AgentState
  project: string
  components: string[] | null
  config: Record<string, unknown>
}

export interface Freeze {
  id: string
  environment: string
  startsAt: string
  endsAt: string
  reason: string
  by: Person
  endedAt: string | null
}

export interface ReleaseRef {
  id: string
  name: string
  version: string
  releaseDigest: string
}

export interface Environment {
  name: string
  after: string | null
  order: number
  policy: { name: string; digest: string } | null
  parameters: Record<string, unknown>
  approvals: ApprovalRule[]
  targets: Target[]
  freezes: Freeze[]
  current: { release: ReleaseRef; deployment: string; at: string } | null
  configuration: string
}

export interface Policy {
  name: string
  digest: string
  files: string[] | Record<string, string>
}

export interface Counts {
  critical: number
  high: number
  medium: number
  low: number
  unknown: number
}

export interface Scan {
  id: string
  reference: string
  image: string
  platformDigest: string
  platform: string
  state: 'pending' | 'done' | 'failed'
  at: string
  snapshot: string | null
  components: number | null
  counts: Counts | null
  kev: number | null
  error: { code: string; message: string } | null
  sbom: string | null
  findings: string | null
}

export interface Why {
  package: string
  paths: string[]
  layer: string | null
  layerIndex: number | null
  advisory: string
  range: string
  compared: string
}

export interface Finding {
  id: string
  aliases: string[]
  purl: string
  component: string
  version: string
  match: string
  severity: Severity
  fixed: string | null
  kev: boolean
  vex: string
  reach: string
  seen: string
  epssPermille: number | null
  summary: string
  note: string
  why: Why
}

export interface ReleaseComponent {
  name: string
  reference: string
  digest: string
  mediaType: string
  platforms: { platform: string; digest: string }[]
  scans: Scan[]
  tagDrift: { tag: string; digest: string; seenAt: string } | null
}

export interface Release extends ReleaseRef {
  state: 'sealed' | 'withdrawn'
  createdAt: string
  createdBy: Person
  components: ReleaseComponent[]
  environments: { environment: string; deployment: string; at: string; current: boolean }[]
}

export interface PackageChange {
  name: string
  type: string
  change: 'added' | 'removed' | 'changed'
  before: string[]
  after: string[]
}

export interface ReleaseDiff {
  from: ReleaseRef
  to: ReleaseRef
  components: {
    name: string
    from: string | null
    to: string | null
    packages: PackageChange[]
    findings: { fixed: Finding[]; introduced: Finding[] }
  }[]
}

export interface Reason {
  rule: string
  outcome: string
  message: string
  component: string | null
  finding: Partial<Finding> | null
  fix: string
  who: string | null
}

export interface Gate {
  name: string
  state: GateState
  summary: string
  reasons: Reason[]
  unblocks: string
}

export interface Decision {
  outcome: GateState
  planDigest: string
  inputs: Record<string, string>
  gates: Gate[]
  approvals: { id: string; rule: string | null; whyNot: string }[]
  decidedAt: string
}

export interface PlanAction {
  verb: string
  subject: string
  argv: string[]
}

export interface Plan {
  digest: string
  targets: {
    target: string
    connector: string
    agent: string
    actions: PlanAction[]
    files: Record<string, string>
  }[]
}

export interface Diff {
  from: ReleaseRef | null
  components: { name: string; from: string | null; to: string | null; changed: boolean }[]
}

export interface Approval {
  id: string
  by: Person
  at: string
  comment: string
  planDigest: string
  rule: string | null
  counts: boolean
  whyNot: string
}

/** What may be done now is the server's word, with its reason where it says no. */
export interface Action {
  allowed: boolean
  reason: string
}

export interface EvidenceRef {
  id: string
  subject: string
  kind: 'promotion' | 'deployment'
  digest: string
  size: number
  createdAt: string
  name: string
}

export type PromotionState =
  | 'evaluating'
  | 'waiting'
  | 'blocked'
  | 'approved'
  | 'deploying'
  | 'deployed'
  | 'failed'
  | 'rejected'
  | 'cancelled'
  | 'errored'

export interface Promotion {
  id: string
  release: ReleaseRef
  environment: string
  state: PromotionState
  requestedBy: Person
  requestedAt: string
  reason: string
  rollback: boolean
  simulated: boolean
  planDigest: string | null
  decision: Decision | null
  plan: Plan | null
  diff: Diff | null
  approvals: Approval[]
  deployment: string | null
  actions: { approve: Action; reject: Action; cancel: Action }
  evidence: EvidenceRef[]
  history: { state: PromotionState; event: string; at: string; by: Person | null }[]
}

export interface Preview {
  decision: Decision
  plan: Plan
  diff: Diff
}

export type DeploymentState = 'running' | 'undoing' | 'succeeded' | 'failed' | 'errored' | 'cancelled'
export type TargetState = 'pending' | 'ordered' | 'running' | 'succeeded' | 'failed' | 'errored' | 'cancelled'

export interface TargetRun {
  target: string
  connector: string
  agent: string
  state: TargetState
  purpose: 'deploy' | 'undo'
  startedAt: string | null
  endedAt: string | null
  code: string | null
  message: string | null
  running: { component: string; name: string; image: string; digest: string; state: string; healthy: boolean | null }[]
}

export interface Deployment {
  id: string
  promotion: string
  release: ReleaseRef
  environment: string
  state: DeploymentState
  startedAt: string
  endedAt: string | null
  requestedBy: Person
  rollback: boolean
  simulated: boolean
  previous: ReleaseRef | null
  targets: TargetRun[]
  artifacts: { name: string; target: string | null; digest: string; size: number }[]
  evidence: EvidenceRef[]
}

export interface LogLine {
  seq: number
  target: string
  at: string
  line: string
}

export type Health = 'healthy' | 'unhealthy' | 'unknown'
export type Drift = 'none' | 'drifted' | 'unknown'

export interface Cell {
  environment: string
  component: string
  release: ReleaseRef
  digest: string
  deployment: string
  at: string
  health: Health
  drift: Drift
  running: number
  blocked: string | null
  inProgress: string | null
}

export interface Matrix {
  environments: { name: string; order: number; frozen: boolean }[]
  components: string[]
  cells: Cell[]
  revision: number
}

export interface Agent {
  id: string
  name: string
  state: AgentState
  lastSeenAt: string | null
  version: string | null
  connectors: string[]
  certificateExpiresAt: string | null
  targets: string[]
}

export interface EnrolToken {
  name: string
  token: string
  expiresAt: string
  command: string
}

export interface Evidence extends EvidenceRef {
  verification: { good: boolean; checks: { name: string; good: boolean; detail: string; place: string | null }[] }
  entries: { name: string; size: number; digest: string }[]
  command: string
}

export interface Fact {
  id: string
  position: number | null
  hash: string | null
  kind: string
  subject: string
  actor: Person | string
  cause: string | null
  at: string
  data: Record<string, unknown>
}

export interface Chain {
  good: boolean
  length: number
  head: string
  place: string | null
  detail: string
}

export interface Check {
  name: string
  outcome: GateState
  detail: string
  fix: string
}
