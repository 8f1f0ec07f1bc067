import { shellLine } from './words/text'

// The same from a terminal: each line as `stella --help` has it. A user who clicks once may script it ever after.
export const commands = {
  approve: (id: string, comment: string) => shellLine(['stella', 'approve', id, '-m', comment || 'COMMENT']),
  reject: (id: string, comment: string) => shellLine(['stella', 'reject', id, '-m', comment || 'COMMENT']),
  cancel: (id: string, comment: string) => shellLine(['stella', 'cancel', id, '-m', comment || 'COMMENT']),
  why: (id: string) => shellLine(['stella', 'why', id]),
  promote: (release: string, environment: string) => shellLine(['stella', 'promote', release, '--env', environment]),
  dryRun: (release: string, environment: string) =>
    shellLine(['stella', 'promote', release, '--env', environment, '--dry-run']),
  rollback: (environment: string, reason: string, release: string) =>
    shellLine([
      'stella',
      'rollback',
      environment,
      '-m',
      reason || 'REASON',
      ...(release === '' ? [] : ['--release', release]),
    ]),
  createRelease: (name: string, version: string, components: readonly (readonly [string, string])[]) =>
    shellLine([
      'stella',
      'release',
      'create',
      name || 'NAME',
      version || 'VERSION',
      ...components.flatMap(([component, reference]) => ['--component', `${component}=${reference}`]),
    ]),
  withdraw: (id: string, reason: string) =>
    shellLine(['stella', 'release', 'withdraw', id, '-m', reason || 'REASON']),
  logs: (id: string) => shellLine(['stella', 'deploy', 'logs', id]),
  watch: (id: string) => shellLine(['stella', 'deploy', 'watch', id]),
  getPacket: (id: string) => shellLine(['stella', 'evidence', 'get', id]),
  replay: (name: string) => shellLine(['stella', 'replay', `${name}.stella.tar`]),
  freeze: (environment: string, until: string, reason: string) =>
    shellLine(['stella', 'freeze', 'create', environment, '--until', until || 'TIME', '-m', reason || 'REASON']),
  endFreeze: (id: string, reason: string) => shellLine(['stella', 'freeze', 'end', id, '-m', reason || 'REASON']),
  revokeAgent: (name: string, reason: string) =>
    shellLine(['stella', 'agent', 'revoke', name, '-m', reason || 'REASON']),
  createToken: (name: string, days: number) =>
    shellLine(['stella', 'token', 'create', name || 'NAME', '--days', String(days)]),
  createUser: (name: string, roles: readonly string[]) =>
    shellLine(['stella', 'user', 'create', name || 'NAME', ...roles.flatMap((role) => ['--role', role])]),
} as const
