import { QueryClient } from '@tanstack/react-query'
import { createMemoryHistory } from '@tanstack/react-router'
import { expect, test } from 'vitest'
import { paths } from './paths'
import { makeRouter } from './routes'
import { parseSearch } from './search'
import { crumbsOf } from './shell/crumbs'

const router = makeRouter(new QueryClient())
router.update({ ...router.options, history: createMemoryHistory() })

const examples = {
  signIn: paths.signIn('/promotions?mine=1'),
  matrix: paths.matrix(),
  cell: paths.matrix({ cell: 'prod/web', compare: 'stage..prod' }),
  releases: paths.releases({ q: '1.0' }),
  where: paths.where({ q: 'CVE-2023-43804' }),
  allFindings: paths.allFindings({ severity: 'critical,high', exploited: 'true', environment: 'prod' }),
  advisory: paths.advisory('CVE-2023-43804'),
  vex: paths.vex(),
  newRelease: paths.newRelease('rel_01J8AAAAAAAA'),
  components: paths.components({ q: 'shop web' }),
  newComponent: paths.newComponent(),
  component: paths.component('web', { channel: 'next' }),
  changeComponent: paths.changeComponent('new'),
  template: paths.template('shop'),
  release: paths.release('rel_01J8AAAAAAAA'),
  findings: paths.findings('rel_01J8AAAAAAAA', 'scn_01J8AAAAAAAA', { severity: 'high', q: 'libc 6' }),
  releaseDiff: paths.releaseDiff('rel_01J8AAAAAAAA', 'rel_01J8BBBBBBBB'),
  promotions: paths.promotions({ environment: 'prod', mine: '1' }),
  approvals: paths.approvals(),
  newPromotion: paths.newPromotion({ release: 'rel_01J8AAAAAAAA', environment: 'prod' }),
  promotion: paths.promotion('prm_01J8AAAAAAAA'),
  deployments: paths.deployments({ state: 'failed' }),
  deployment: paths.deployment('dep_01J8AAAAAAAA', { line: '42', target: 'web-host' }),
  evidence: paths.evidence({ subject: 'prm_01J8AAAAAAAA' }),
  workflows: paths.workflows({ q: 'ship' }),
  newWorkflow: paths.newWorkflow(),
  workflow: paths.workflow('ship', { step: 'deploy' }),
  runs: paths.runs({ workflow: 'ship', state: 'failed' }),
  run: paths.run('run_01J8AAAAAAAA', { step: 'deploy[3]' }),
  packet: paths.packet('evd_01J8AAAAAAAA'),
  environments: paths.environments(),
  environment: paths.environment('prod'),
  onCall: paths.onCall('payments'),
  lifecycle: paths.lifecycle('standard', { release: 'rel_01J8AAAAAAAA' }),
  policy: paths.policy('default'),
  integrations: paths.integrations({ q: 'main' }),
  newIntegration: paths.newIntegration('registry/oci'),
  integration: paths.integration('main'),
  changeIntegration: paths.changeIntegration('new'),
  webhooks: paths.webhooks({ integration: 'forge', state: 'failed' }),
  secrets: paths.secrets(),
  notifications: paths.notifications(),
  plugins: paths.plugins({ open: 'docker' }),
  agents: paths.agents(),
  audit: paths.audit({ kind: 'PromotionApproved' }),
  access: paths.access(),
  system: paths.system(),
}

test('every place has its address and its crumbs', () => {
  const places = Object.entries(examples).map(([name, path]) => {
    // oxlint-disable-next-line no-unsafe-type-assertion -- one of many shapes of options, all of which it takes
    const { href, pathname } = router.buildLocation(path as Parameters<typeof router.buildLocation>[0])
    return `${name}: ${href}  (${crumbsOf(pathname)
      .map(({ text }) => text)
      .join(' / ')})`
  })
  expect(places).toMatchSnapshot()
})

test('a text that looks like a number stays a text in the address', () => {
  expect(parseSearch('?name=1.0&q=42')).toEqual({ name: '1.0', q: '42' })
})
