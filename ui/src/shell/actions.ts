import type { AnyRouter } from '@tanstack/react-router'
import { paths } from '../paths'
import type { IconName } from '../widgets/Icon'

/** Something that can be done from anywhere: the menu, the palette, the keys and the help all come from this list. */
export interface ShellAction {
  id: string
  label: string
  icon: IconName
  /** Pressed one after the other: "g m". */
  keys?: string
  /** Where it stands in the side bar, if it does. */
  group?: 'Now' | 'Proof' | 'Set-up'
  to?: string
  perform: (router: AnyRouter) => void
}

type Place = { to: string }

function page(id: string, label: string, icon: IconName, keys: string, path: Place, group?: ShellAction['group']) {
  const action: ShellAction = { id, label, icon, keys, to: path.to, perform: (router) => void router.navigate(path) }
  return group === undefined ? action : { ...action, group }
}

export const ACTIONS: readonly ShellAction[] = [
  page('matrix', 'Matrix', 'layout-grid', 'g m', paths.matrix(), 'Now'),
  page('approvals', 'Approvals', 'circle-check', 'g o', paths.approvals(), 'Now'),
  page('promotions', 'Promotions', 'git-pull-request', 'g p', paths.promotions(), 'Now'),
  page('deployments', 'Deployments', 'rocket', 'g d', paths.deployments(), 'Now'),
  page('runs', 'Runs', 'player-play', 'g j', paths.runs(), 'Now'),
  page('releases', 'Releases', 'package', 'g r', paths.releases(), 'Now'),
  page('where', 'Where is it', 'map-pin', 'g f', paths.where(), 'Now'),
  page('findings', 'Findings', 'flame', 'g y', paths.allFindings(), 'Now'),
  page('vex', 'VEX', 'list-details', 'g x', paths.vex(), 'Proof'),
  page('evidence', 'Evidence', 'file-certificate', 'g v', paths.evidence(), 'Proof'),
  page('audit', 'Audit', 'history', 'g l', paths.audit(), 'Proof'),
  page('environments', 'Environments', 'stack-2', 'g e', paths.environments(), 'Set-up'),
  page('freezes', 'Freezes', 'snowflake', 'g z', paths.freezes(), 'Set-up'),
  page('workflows', 'Workflows', 'sitemap', 'g b', paths.workflows(), 'Set-up'),
  page('triggers', 'Triggers', 'clock', 'g q', paths.triggers(), 'Set-up'),
  page('components', 'Components', 'box', 'g c', paths.components(), 'Set-up'),
  page('agents', 'Agents', 'server-2', 'g a', paths.agents(), 'Set-up'),
  page('integrations', 'Integrations', 'plug', 'g i', paths.integrations(), 'Set-up'),
  page('webhooks', 'Webhooks', 'bolt', 'g w', paths.webhooks(), 'Set-up'),
  page('secrets', 'Secrets', 'key', 'g k', paths.secrets(), 'Set-up'),
  page('notifications', 'Notifications', 'bell', 'g t', paths.notifications(), 'Set-up'),
  page('plugins', 'Plugins', 'puzzle', 'g n', paths.plugins(), 'Set-up'),
  page('access', 'Users and tokens', 'users', 'g u', paths.access(), 'Set-up'),
  page('system', 'System', 'stethoscope', 'g s', paths.system(), 'Set-up'),
  page('new-promotion', 'Request a promotion', 'plus', 'c p', paths.newPromotion()),
  page('new-integration', 'Add an integration', 'plus', 'c i', paths.newIntegration()),
  page('new-component', 'Add a component', 'plus', 'c c', paths.newComponent()),
  page('new-workflow', 'Write a workflow', 'plus', 'c w', paths.newWorkflow()),
  page('new-release', 'Create a release', 'plus', 'c r', paths.newRelease()),
]
