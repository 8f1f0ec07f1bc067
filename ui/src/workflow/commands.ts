import { said, stella } from '../words/command'

/** Of workflows and their runs. */
export const workflowCommands = {
  checkWorkflow: (file: string) => stella('workflow', 'check', `${said(file, 'workflow')}.yaml`),
  startRun: (name: string, inputs: Readonly<Record<string, unknown>>, dryRun = false) =>
    stella(
      'workflow',
      'start',
      name,
      ...Object.entries(inputs).flatMap(([key, value]) => ['--input', `${key}=${JSON.stringify(value)}`]),
      ...(dryRun ? ['--dry-run'] : []),
    ),
  runs: (workflow?: string, state?: string) =>
    stella(
      'run',
      'list',
      ...(workflow === undefined ? [] : ['--workflow', workflow]),
      ...(state === undefined ? [] : ['--state', state]),
    ),
  triggers: () => stella('trigger', 'list'),
  watchRun: (run: string) => stella('run', 'watch', run),
  cancelRun: (run: string, reason: string) =>
    stella('run', 'cancel', run, ...(reason.trim() === '' ? [] : ['-m', reason])),
  retryRun: (run: string, since?: string) =>
    stella('run', 'retry', run, ...(since === undefined ? [] : ['--from', since])),
  decideRun: (run: string, step: string, action: string, comment: string) =>
    stella('run', 'decide', run, step, action, ...(comment.trim() === '' ? [] : ['-m', comment])),
  claimStep: (run: string, step: string, giveBack: boolean) =>
    stella('run', 'claim', run, step, ...(giveBack ? ['--give-back'] : [])),
} as const
