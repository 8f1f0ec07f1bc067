import { Checkbox, NativeSelect, Textarea, TextInput } from '@mantine/core'
import { useQueries } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { previewQuery } from '../../api/preview'
import { useWhyNot } from '../../api/session'
import type { Promotion } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { ActionButton } from '../../widgets/ActionButton'
import { CommandHint } from '../../widgets/Dialog'
import { Icon } from '../../widgets/Icon'
import { Refusal } from '../../widgets/Refusal'
import { say } from '../../widgets/Toasts'
import { type Asking, togetherIn } from './asking'

const PRIORITIES = ['high', 'normal', 'low'] as const
type Priority = (typeof PRIORITIES)[number]

interface Wish {
  reason: string
  priority: Priority
}

interface RequestProps {
  asking: Asking
  onHotfix: (wanted: boolean) => void
  onTicket: (named: string) => void
}

/** One promotion, or one in each of several environments: for all of them or for none. */
function ask({ release, environments, hotfix, ticket }: Asking, wish: Wish, headers: { 'Idempotency-Key': string }): Promise<Promotion[]> {
  const body = { ...wish, release, hotfix, changeTicket: ticket }
  const [only] = environments
  if (environments.length === 1 && only !== undefined) {
    return take(api.POST('/api/v1/promotions', { body: { ...body, environment: only }, headers })).then((made) => [made])
  }
  const several = { ...body, environments: [...environments] }
  return take(api.POST('/api/v1/promotions/several', { body: several, headers })).then(({ items }) => items)
}

/** Why, how urgent, and the button; nothing is asked for before each environment's verdict was there to read. */
export function RequestForm({ asking, onHotfix, onTicket }: RequestProps) {
  const { release, environments, hotfix, ticket } = asking
  const navigate = useNavigate()
  const whyNot = useWhyNot('promotion.request')
  const previews = useQueries({
    queries: environments.map((one) => previewQuery(release, one, hotfix, ticket, togetherIn(asking))),
  })
  const [reason, setReason] = useState('')
  const [priority, setPriority] = useState<Priority>('normal')
  const act = useAct(
    (wish: Wish, headers) => ask(asking, wish, headers),
    (made) => {
      const [first] = made
      if (first === undefined) return
      say(`Requested: ${first.release.name} ${first.release.version} to ${made.map(({ environment }) => environment).join(', ')}`)
      void navigate(made.length === 1 ? paths.promotion(first.id) : paths.promotions({ release: first.release.id }))
    },
  )
  const unseen = previews.every(({ data }) => data) ? undefined : 'First see what would happen'
  const unsaid = hotfix && reason.trim() === '' ? 'A hotfix needs a reason' : undefined
  return (
    <>
      <Textarea
        label="Reason"
        description={hotfix ? 'It stands in the evidence.' : 'May stay empty. It stands in the evidence.'}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <NativeSelect
        label="Priority"
        description="Who goes first where several may go; rollbacks always do."
        value={priority}
        onChange={(event) => setPriority(PRIORITIES.find((one) => one === event.currentTarget.value) ?? 'normal')}
        data={[...PRIORITIES]}
      />
      <Ticket key={ticket} named={ticket} onNamed={onTicket} />
      <Checkbox
        label="As a hotfix"
        description="Leaves out the phases that its lifecycle lets you leave out. It is recorded."
        checked={hotfix}
        onChange={(event) => onHotfix(event.currentTarget.checked)}
      />
      {act.problem && <Refusal problem={act.problem} />}
      <ActionButton
        whyNot={whyNot ?? unseen ?? unsaid}
        loading={act.busy}
        leftSection={<Icon name="git-pull-request" />}
        onClick={() => act.run({ reason, priority })}
      >
        {environments.length === 1 ? 'Request it' : `Request all ${environments.length}`}
      </ActionButton>
      <CommandHint command={commands.promote(release, environments, priority, hotfix ? reason : undefined, ticket)} />
    </>
  )
}

/** What is written is named when the field is left: each name asks the gates anew. */
function Ticket({ named, onNamed }: { named: string; onNamed: (named: string) => void }) {
  const [written, setWritten] = useState(named)
  return (
    <TextInput
      label="Change ticket"
      description="May stay empty. Its key, or INTEGRATION:KEY; it is looked up."
      value={written}
      maxLength={200}
      onChange={(event) => setWritten(event.currentTarget.value)}
      onBlur={() => onNamed(written.trim())}
    />
  )
}
