import { NativeSelect, Textarea, TextInput } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { deploymentsQuery } from '../../api/queries'
import type { Deployment, ReleaseRef } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { Dialog } from '../../widgets/Dialog'
import { say } from '../../widgets/Toasts'

interface Props {
  environment: string
  /** The release that runs there now. */
  current: string | undefined
  close: () => void
}

/** The releases that ran there before, newest first, each once. */
export function earlier(deployments: readonly Deployment[], current: string | undefined): ReleaseRef[] {
  const byId = new Map<string, ReleaseRef>()
  for (const { state, release } of deployments) {
    if (state === 'succeeded' && release.id !== current && !byId.has(release.id)) byId.set(release.id, release)
  }
  return [...byId.values()]
}

/** Back to what ran before, by the same road as any deployment: gates, plan, evidence. */
export function RollbackDialog({ environment, current, close }: Props) {
  const navigate = useNavigate()
  const [reason, setReason] = useState('')
  const [release, setRelease] = useState('')
  const [ticket, setTicket] = useState('')
  const deployments = useInfiniteQuery(deploymentsQuery({ environment })).data?.pages.flatMap((page) => page.items)
  const back = earlier(deployments ?? [], current)
  const act = useAct(
    (body: { reason: string; release?: string; changeTicket: string }, headers) =>
      take(
        api.POST('/api/v1/environments/{name}/rollback', { params: { path: { name: environment } }, body, headers }),
      ),
    (promotion) => {
      say(`Roll back of ${environment} to ${promotion.release.version} requested`)
      void navigate(paths.promotion(promotion.id))
    },
  )
  return (
    <Dialog
      title={`Roll ${environment} back`}
      submit="Request the roll back"
      onClose={close}
      onSubmit={() => act.run({ reason, changeTicket: ticket.trim(), ...(release === '' ? {} : { release }) })}
      busy={act.busy}
      ready={reason.trim() !== ''}
      problem={act.problem}
      command={commands.rollback(environment, reason, release, ticket.trim())}
    >
      <p>
        All targets of {environment} go back together. It is a promotion like any other: the gates are asked, and it
        leaves its evidence.
      </p>
      <NativeSelect
        label="To"
        value={release}
        onChange={(event) => setRelease(event.currentTarget.value)}
        data={[
          { value: '', label: back[0] ? `What ran before (${back[0].name} ${back[0].version})` : 'What ran before' },
          ...back.map((ref) => ({ value: ref.id, label: `${ref.name} ${ref.version}` })),
        ]}
      />
      <Textarea
        label="Reason"
        description="It stands in the evidence."
        data-autofocus
        required
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <TextInput
        label="Change ticket"
        description="May stay empty. Its key, or INTEGRATION:KEY; it is looked up."
        value={ticket}
        maxLength={200}
        onChange={(event) => setTicket(event.currentTarget.value)}
      />
    </Dialog>
  )
}
