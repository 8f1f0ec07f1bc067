// The nouns of the HTTP API by the names that this console uses. All of it is generated; nothing is said twice.
import type { components } from './schema'

type Words = components['schemas']

export type Problem = Pick<Words['Problem'], 'type' | 'title' | 'status' | 'code' | 'remedy'> & {
  retry_may_help?: boolean
  facts?: Record<string, unknown>
}

export interface Page<T> {
  items: T[]
  next?: string | null
}

export type GateState = Words['GateState']
export type Severity = Exclude<keyof Words['Counts'], 'none'>
export type Permission =
  | 'view'
  | 'release.create'
  | 'promotion.request'
  | 'image.scan'
  | 'promotion.approve'
  | 'promotion.cancel'
  | 'promotion.break-glass'
  | 'deployment.operate'
  | 'environment.change'
  | 'freeze.change'
  | 'freeze.override'
  | 'agent.enrol'
  | 'policy.change'
  | 'vex.apply'
  | 'waiver.request'
  | 'waiver.approve'
  | 'integration.change'
  | 'plugin.change'
  | 'secret.allow'
  | 'secret.change'
  | 'server.change'
  | 'user.change'
  | 'token.create-any'
  | 'trust.change'
  | 'workflow.run'

export type Agent = Words['AgentView']
export type AgentState = Words['AgentState']
export type ApprovalRule = Words['ApprovalRuleView']
export type BreakGlass = Words['BreakGlassView']
export type Capability = Words['Capability']
export type Check = Words['FoundView']
export type ComponentVersion = Words['TagVersion']
export type ReleaseComponentDocument = Words['ComponentDocument']
export type ReleaseTemplate = Words['TemplateDocument']
export type VersionRule = Words['VersionRuleView']
export type Alike = Words['AlikeView']
export type Preview = Words['PreviewView']
export type ReleasePreview = Words['ReleasePreview']
export type Cell = Words['CellView']
export type Standing = Words['StandingView']
export type Radius = Words['Radius']
export type TouchedImage = Words['TouchedImage']
export type Held = Words['HeldComponent']
export type ListedFinding = Words['ListedFinding']
export type Advisory = Words['AdvisoryView']
export type AdvisoryRecord = Words['AdvisoryRecordView']
export type AdvisoryRating = Words['RatingView']
export type Answer = Words['AnswerView']
export type CitedSentence = Words['SentenceView']
export type WrittenAnswer = Words['WrittenAnswerView']
export type WrittenSentence = Words['WrittenSentenceView']
export type VexFeed = Words['VexFeedView']
export type VexDocument = Words['VexView']
export type Change = Words['ChangeView']
export type Contribution = Words['ContributionView']
export type Counts = Words['Counts']
export type Decision = Words['DecisionView']
export type Delivery = Words['DeliveryView']
export type Deployment = Words['DeploymentView']
export type ForeseenTakeDown = Words['ForeseenView']
export type TakeDown = Words['TakeDownView']
export type TakeDownState = Words['TakeDownState']
export type DeploymentState = Words['DeploymentState']
export type Diff = Words['DiffView']
export type Drift = Words['Drift']
export type EnrolToken = Words['EnrolmentView']
export type EntryPoint = Words['EntryPointView']
export type FollowedRepository = Words['RepositoryView']
export type Lifecycle = Words['LifecycleView']
export type LifecyclePhase = Words['PhaseView']
export type OnCallSchedule = Words['OnCallScheduleView']
export type OnCallLayer = Words['OnCallLayerView']
export type Shift = Words['ShiftView']
export type TakenShift = Words['TakenShiftView']
export type LifecyclePlace = Words['PlaceView']
export type HotfixTaken = Words['HotfixView']
export type Environment = Words['EnvironmentView']
export type Evidence = Words['EvidenceView']
export type EvidenceRef = Words['EvidenceRef']
export type Fact = Words['FactView']
export type Finding = Words['FindingView']
export type NewStatement = Words['NewStatement']
export type VexWhy = Words['VexWhyView']
export type Freeze = Words['FreezeView']
export type Gate = Words['GateView']
export type Health = Words['Health']
export type HistoryMoment = Words['HistoryView']
export type Image = Words['ImageView']
export type ChangeTicket = Words['TicketView']
export type TestResult = Words['TestResultView']
export type ImageSecret = Words['ImageSecretView']
export type Integration = Words['IntegrationView']
export type Message = Words['MessageView']
export type Notification = Words['NotificationView']
export type IntegrationHealth = Words['HealthView']
export type LogLine = Words['LogLineView']
export type Machine = Words['MachineView']
export type MachineLogin = Words['MachineLoginView']
export type MadeToken = Words['MadeTokenView']
export type Matrix = Words['MatrixView']
export type Outcome = Words['Outcome']
export type PackageChange = Words['PackageChange']
export type Person = Words['PersonView']
export type Plan = Words['PlanView']
export type Plugin = Words['PluginView']
export type Policy = Words['PolicyView']
export type PrivilegedFile = Words['PrivilegedFileView']
export type Promotion = Words['PromotionView']
export type PromotionState = Words['State']
export type Reason = Words['ReasonView']
export type Release = Words['ReleaseView']
export type ReleaseComponent = Words['ComponentView']
export type ReleaseDiff = Words['ReleaseDiff']
export type ReleaseChanges = Words['ReleaseChanges']
export type SourceChanges = Words['SourceChanges']
export type CommitView = Words['CommitView']
export type ReleaseRef = Words['ReleaseRef']
export type ReleaseState = Words['ReleaseState']
export type Role = Words['Role']
export type Scan = Words['ScanView']
export type ScanState = Words['ScanState']
export type Secret = Words['SecretView']
export type SignInDocument = Words['SignInView']
export type StepPlan = Words['StepPlanView']
export type StepRun = Words['StepRunView']
export type StepState = Words['StepState']
export type Target = Words['TargetConfigView']
export type Variable = Words['VariableView']
export type VariableAnswer = Words['VariableAnswer']
export type VariableChange = Words['VariableChange']
export type VariablesPreview = Words['VariablesPreview']
export type TargetRun = Words['TargetView']
export type TargetState = Words['TargetState']
export type Token = Words['TokenView']
export type User = Words['UserView']
export type Version = Words['VersionView']
export type Waiver = Words['WaiverView']
export type Webhook = Words['WebhookView']

export type ReadDocument = Words['ReadView']
export type AppliedDocument = Words['AppliedView']
export type PolicyCheck = Words['PolicyCheckView']
export type Simulation = Words['SimulationView']
export type FreezeWindow = Words['WindowView']

export type StepType = Words['StepKindView']
export type Workflow = Words['WorkflowView']
export type WorkflowFault = Words['FaultView']
export type WorkflowVersion = Words['WorkflowVersionView']
export type Trigger = Words['TriggerView']
export type Firing = Words['FiringView']
export type RunLine = Words['RunLineView']
export type Run = Words['RunView']
export type RunStep = Words['NodeView']
export type Rehearsal = Words['RehearsalView']
export type RunPlan = Words['RunPlanView']
