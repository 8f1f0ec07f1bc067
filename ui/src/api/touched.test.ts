import { expect, test } from 'vitest'
import { touched } from './touched'

test.each([
  ['PromotionApproved', 'promotions'],
  ['PromotionApproved', 'matrix'],
  ['ApprovalGiven', 'promotions'],
  ['GatesDecided', 'promotions'],
  ['BreakGlassAgreed', 'promotions'],
  ['GlassBroken', 'promotions'],
  ['DeploymentSucceeded', 'deployments'],
  ['TargetDeployed', 'deployments'],
  ['AgentRevoked', 'agents'],
  ['ReleaseSealed', 'releases'],
  ['FreezeEnded', 'environments'],
  ['VexApplied', 'scans'],
  ['VexFeedTaken', 'vex'],
  ['FeedFailed', 'vex'],
  ['WaiverLapsed', 'waivers'],
  ['FindingsWeighed', 'scans'],
  ['EvidenceSealed', 'evidence'],
  ['EvidenceSealed', 'environments'], // where take-downs are shown
  ['IntegrationTested', 'integrations'],
  ['IntegrationApplied', 'secrets'],
  ['SecretStored', 'secrets'],
  ['WebhookHandled', 'webhooks'],
  ['PluginEnabled', 'plugins'],
  ['MessageSent', 'notifications'],
  ['NotificationApplied', 'notifications'],
  ['RunStarted', 'runs'],
  ['NodeDecided', 'runs'],
  ['RunSucceeded', 'workflows'],
  ['WorkflowApplied', 'workflows'],
  ['PluginEnabled', 'step-types'],
  ['LoginRefused', 'facts'],
  ['LoginDocumentApplied', 'sign-ins'],
  ['TokenExchanged', 'machines'],
  ['AccountLinked', 'users'],
])('%s makes %s old', (kind, held) => {
  expect(touched(kind)).toContain(held)
})

test.each(['EvidenceRead', 'AccessRefused'])('%s makes nothing old but the list of facts', (kind) => {
  expect(touched(kind)).toEqual(['facts'])
})

test('a kind that nobody knows may touch everything', () => {
  expect(touched('MoonRose')).toBeUndefined()
  expect(touched('')).toBeUndefined()
})
