// Which of what the console holds a fact makes old.

/** The first word of a query key. */
export type Held =
  | 'agents'
  | 'component-versions'
  | 'components'
  | 'deployments'
  | 'environments'
  | 'evidence'
  | 'facts'
  | 'integrations'
  | 'lifecycles'
  | 'machine-logins'
  | 'machines'
  | 'matrix'
  | 'notifications'
  | 'oncall'
  | 'plugins'
  | 'policies'
  | 'preview'
  | 'promotions'
  | 'releases'
  | 'repositories'
  | 'runs'
  | 'scans'
  | 'secrets'
  | 'sign-ins'
  | 'step-types'
  | 'tokens'
  | 'triggers'
  | 'users'
  | 'vex'
  | 'waivers'
  | 'webhooks'
  | 'where'
  | 'workflows'

const RULES: readonly (readonly [RegExp, readonly Held[]])[] = [
  [/^(Promotion|Gates|Approval|Absence|BreakGlass|GlassBroken)/, ['promotions', 'matrix', 'environments', 'evidence', 'lifecycles']],
  [/^(Run|Node)[A-Z]/, ['runs', 'workflows']],
  [/^Workflow/, ['workflows', 'runs', 'triggers']],
  [/^Trigger/, ['triggers']],
  [/^Hotfix/, ['promotions', 'lifecycles']],
  [/^Lifecycle/, ['lifecycles', 'environments', 'releases', 'promotions', 'preview']],
  [/^(OnCall|Shift)/, ['oncall', 'environments', 'promotions']],
  [/^Target(Applied|Deleted)$/, ['environments', 'matrix', 'preview']],
  [/^DocumentOwner/, ['environments', 'integrations']],
  [/^(Deployment|Target|TakeDown|Step|Rollback)/, ['deployments', 'promotions', 'matrix', 'environments', 'releases', 'evidence', 'lifecycles']],
  [/^(Order|Agent|Enrolment)/, ['agents', 'environments', 'deployments', 'matrix']],
  [/^Repository/, ['repositories', 'environments', 'integrations', 'matrix']],
  [/^ReleaseTemplate/, ['components', 'component-versions']],
  [/^Component/, ['components', 'component-versions']],
  [/^(Release|Tag)/, ['releases', 'matrix']],
  [/^(Image|Scan|Sbom|Finding|Advisor)/, ['releases', 'scans', 'promotions', 'where']],
  [/^Vex/, ['releases', 'scans', 'promotions', 'where', 'vex']],
  [/^Standing/, ['matrix']],
  [/^Feed/, ['integrations', 'where', 'vex']],
  [/^(Environment|Freeze|Policy|Configuration)/, ['environments', 'policies', 'matrix', 'promotions', 'preview', 'oncall']],
  // Reading is a fact too: what it made old would be read again, for ever.
  [/^(EvidenceRead|EvidenceCopied|AccessRefused|SupportBundleMade)$/, []],
  [/^(Evidence|Packet|Sticker)/, ['evidence', 'promotions', 'deployments', 'environments']],
  [/^(Notification|Message)/, ['notifications']],
  [/^(Integration|Secret)/, ['integrations', 'secrets', 'webhooks', 'vex']],
  [/^Waiver/, ['waivers', 'promotions', 'preview']],
  [/^Webhook/, ['webhooks']],
  [/^Plugin/, ['plugins', 'integrations', 'step-types', 'workflows']],
  [/^LoginDocument/, ['sign-ins', 'machine-logins', 'machines', 'users', 'tokens']],
  [/^(TokenExchanged|Machine)/, ['machines', 'tokens']],
  [/^(Exchange|SignIn)Refused$/, []],
  [/^Account/, ['users']],
  [/^(User|Login|Logout|Token|Session)/, ['users', 'tokens']],
]

/** Every fact is in the audit list; a kind that no rule knows may touch anything: undefined. */
export function touched(kind: string): readonly Held[] | undefined {
  const rule = RULES.find(([pattern]) => pattern.test(kind))
  return rule && [...rule[1], 'facts']
}
