import { Textarea } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { useMe, useWhyNot } from '../../api/session'
import type { Run } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { ActionButton } from '../../widgets/ActionButton'
import { Dialog } from '../../widgets/Dialog'
import { Icon } from '../../widgets/Icon'
import { Refusal } from '../../widgets/Refusal'
import { say } from '../../widgets/Toasts'
import { whyNotAgain } from '../../workflow/states'

/** Cancel it, or run again what did not go well. */
export function RunActions({ run }: { run: Run }) {
  const [cancelling, setCancelling] = useState(false)
  const again = useAgain(run)
  const mayNotRun = useWhyNot('workflow.run')
  const whyNotCancel = useWhyNotCancel(run)
  return (
    <>
      <ActionButton
        variant="default"
        whyNot={mayNotRun ?? whyNotAgain(run)}
        loading={again.busy}
        leftSection={<Icon name="refresh" />}
        onClick={() => again.run(null)}
      >
        Run again
      </ActionButton>
      <ActionButton
        variant="default"
        whyNot={whyNotCancel}
        leftSection={<Icon name="player-stop" />}
        onClick={() => setCancelling(true)}
      >
        Cancel
      </ActionButton>
      {again.problem && <Refusal problem={again.problem} />}
      {cancelling && <CancelDialog run={run} close={() => setCancelling(false)} />}
    </>
  )
}

function useWhyNotCancel(run: Run): string | undefined {
  const me = useMe().user
  const mayNotRun = useWhyNot('workflow.run')
  const mayNotOperate = useWhyNot('deployment.operate')
  if (run.isOver) return 'It has ended'
  if (run.cancelAskedAt !== null) return 'It is being cancelled'
  return mayNotRun ?? (run.by.id === me.id ? undefined : mayNotOperate)
}

/** A new run that keeps what went well; since: from that step on everything is done anew. */
function useAgain(run: Run) {
  const navigate = useNavigate()
  return useAct(
    (since: string | null, headers) =>
      take(api.POST('/api/v1/runs/{run}/again', { params: { path: { run: run.id } }, body: { since }, headers })),
    (made) => {
      say('A new run goes on from here')
      void navigate(paths.run(made.id))
    },
  )
}

/** A new run that does this step and all that follow it anew. */
export function FromHere({ run, step }: { run: Run; step: string }) {
  const again = useAgain(run)
  const mayNot = useWhyNot('workflow.run')
  return (
    <div className="stack tight">
      <span>
        <ActionButton
          size="compact-sm"
          variant="default"
          whyNot={mayNot}
          loading={again.busy}
          leftSection={<Icon name="refresh" size={14} />}
          onClick={() => again.run(step)}
        >
          Run again from this step
        </ActionButton>
      </span>
      {again.problem && <Refusal problem={again.problem} />}
    </div>
  )
}

function CancelDialog({ run, close }: { run: Run; close: () => void }) {
  const [reason, setReason] = useState('')
  const act = useAct(
    (_: undefined, headers) =>
      take(api.POST('/api/v1/runs/{run}/cancel', { params: { path: { run: run.id } }, body: { reason }, headers })),
    () => {
      say('Nothing new begins in this run')
      close()
    },
  )
  return (
    <Dialog
      title={`Cancel the run of ${run.workflow}`}
      submit="Cancel the run"
      grave
      onClose={close}
      onSubmit={() => act.run(undefined)}
      busy={act.busy}
      problem={act.problem}
      command={commands.cancelRun(run.id, reason)}
    >
      <p>Nothing new begins. What runs may end; then it is taken back what says so, and the steps of the end come.</p>
      <Textarea label="Reason" data-autofocus value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
    </Dialog>
  )
}
