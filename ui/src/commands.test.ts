import { expect, test } from 'vitest'
import reference from '../../docs/reference/cli.md?raw'
import { commands } from './commands'

/** Options by the command that the generated reference names. */
function options(): Map<string, string> {
  const sections = reference.split(/^##+ /m).slice(1)
  return new Map(
    sections.flatMap((section) => {
      const name = /^`(stella(?: [a-z-]+)+)/.exec(section)?.[1]
      return name === undefined ? [] : [[name, section] as const]
    }),
  )
}

const lines = [
  commands.approve('prm_1', 'fine', 'sha256:00'),
  commands.approveAlike(['prm_1', 'prm_2'], 'fine', 'dan'),
  commands.waitingForMe(),
  commands.reject('prm_1', ''),
  commands.cancel('prm_1', ''),
  commands.why('prm_1'),
  commands.checkWorkflow('ship'),
  commands.startRun('ship', { days: 3 }, true),
  commands.triggers(),
  commands.runs('ship', 'failed'),
  commands.watchRun('run_1'),
  commands.cancelRun('run_1', 'late'),
  commands.retryRun('run_1', 'deploy'),
  commands.decideRun('run_1', 'ask', 'approve', 'fine'),
  commands.claimStep('run_1', 'ask', true),
  commands.promote('rel_1', ['dev', 'stage'], 'high', undefined, 'OPS-1'),
  commands.lifecycle('standard', 'rel_1'),
  commands.onCall('payments'),
  commands.takeShift('payments', 'ann', '', '2030-01-01T00:00:00Z'),
  commands.returnShift('payments', 'shf_1'),
  commands.repository('shop'),
  commands.applyDocument('shop'),
  commands.overrideFreeze('weekends', 'prod', 'rel_1', ''),
  commands.dryRun('rel_1', ['dev'], true, 'OPS-1'),
  commands.rollback('dev', 'slow', 'rel_1', 'OPS-1'),
  commands.createRelease('shop', '1.0', [['web', 'r/web:1']]),
  commands.components(),
  commands.firstComponent(),
  commands.componentVersions('web', 'next'),
  commands.applyComponent('web'),
  commands.releasesWith('web'),
  commands.makeRelease('shop', { web: '1.2' }, 'next', true),
  commands.withdraw('rel_1', ''),
  commands.revise('rel_1', ''),
  commands.sayVex({
    vulnerability: 'CVE-2026-1',
    products: ['sha256:00'],
    subcomponents: ['pkg:pypi/idna'],
    aliases: [],
    status: 'affected',
    justification: '',
    impact: '',
    action: 'update',
    notes: 'seen',
    expires: '2030-01-01T00:00:00Z',
  }),
  commands.findingList({ exploited: 'true', fixable: 'true', counts: 'true', vex: 'none', environment: 'prod', q: 'x' }),
  commands.ask('CVE-2026-1 does it matter'),
  commands.askModel('CVE-2026-1 does it matter', 'writer'),
  commands.syncVex(),
  commands.logs('dep_1'),
  commands.watch('dep_1'),
  commands.getPacket('evd_1'),
  commands.replay('a'),
  commands.freeze('dev', '', ''),
  commands.hold('dev', ''),
  commands.takeDown('review-42', 'the review is over', 'sha256:0000'),
  commands.resume('dev', 'well again'),
  commands.endFreeze('frz_1', ''),
  commands.waive('dev', '', 'CVE-1', 'web', '', ''),
  commands.approveWaiver('wvr_1'),
  commands.endWaiver('wvr_1', ''),
  commands.breakGlass('prm_1', '', '', 'sha256:00'),
  commands.agreeToBreakGlass('prm_1'),
  commands.endBreakGlass('prm_1', ''),
  commands.applyIntegration(''),
  commands.getIntegration('main'),
  commands.testIntegration('main'),
  commands.integrationHistory('main'),
  commands.deleteIntegration('main'),
  commands.webhookAddress('forge'),
  commands.listDeliveries('forge'),
  commands.retryDelivery('whd_1'),
  commands.setSecret(''),
  commands.deleteSecret('password'),
  commands.rotateSecretKey(),
  commands.rewrapSecrets(),
  commands.showPlugin('docker'),
  commands.installPlugin(''),
  commands.grantPlugin('chests', ['network=a.example', 'read_secret']),
  commands.enablePlugin('chests', '1.0.0'),
  commands.disablePlugin('chests'),
  commands.removePlugin('chests', '1.0.0'),
  commands.checkPlugin('docker'),
  commands.changeMachine('ci:github:acme/shop', true),
  commands.revokeAgent('host', ''),
  commands.createToken('ci', ['viewer'], 7),
  commands.createUser('ana', ['viewer']),
  commands.addAddress('ana', 'ana@example.com'),
  commands.firstRelease(),
  commands.firstPromotion('dev'),
  commands.firstEnvironments(),
  commands.importAdvisories(),
  commands.doctor(),
  commands.fix('keys.private'),
  commands.bundle(),
  commands.findingWhere('CVE-2023-43804'),
  commands.allowSecret('password', 'main', `sha256:${'0'.repeat(64)}`),
  commands.forbidSecret('password', 'main'),
]

test('every command is told here', () => {
  expect(lines).toHaveLength(Object.keys(commands).length)
})

test.each(lines)('the command line has: %s', (line) => {
  const known = options()
  const words = line.split(' ')
  const name = [4, 3, 2].map((length) => words.slice(0, length)).map((part) => part.join(' ')).find((part) => known.has(part))
  expect(name).toBeDefined()
  const section = known.get(name ?? '') ?? ''
  for (const option of words.filter((word) => /^--?[a-z]/.test(word))) {
    expect(section).toMatch(new RegExp(`[\`, ]${option}[,\`]`))
  }
})
