import { Textarea, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { waiversQuery } from '../../api/queries'
import { useWhyNot } from '../../api/session'
import type { Waiver } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { ActionButton } from '../../widgets/ActionButton'
import { Dialog } from '../../widgets/Dialog'
import { Loading } from '../../widgets/Loading'
import { Panel } from '../../widgets/Panel'
import { type Look, State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import { say } from '../../widgets/Toasts'
import { momentOf } from '../../words/time'
import { Prove, useProof } from '../access/Prove'

const COUNTS: Look = { tone: 'busy', icon: 'shield-x', word: 'Counts' }
const ASKED: Look = { tone: 'wait', icon: 'clock', word: 'Waits for a second person' }

/** Objections that are passed over here for a time: who asked, who agreed, until when. */
export function Waivers({ environment }: { environment: string }) {
  const mayNot = useWhyNot('waiver.request')
  const found = useQuery(waiversQuery(environment))
  const [asking, setAsking] = useState(false)
  const [approving, setApproving] = useState<Waiver>()
  const [ending, setEnding] = useState<Waiver>()
  const open = found.data?.items.filter(({ state }) => state === 'requested' || state === 'standing') ?? []
  return (
    <Panel
      title="Waivers"
      side={
        <ActionButton size="compact-xs" variant="default" whyNot={mayNot} onClick={() => setAsking(true)}>
          Ask for one
        </ActionButton>
      }
    >
      {found.isPending && <Loading label="Fetching waivers" />}
      {found.isError && <p className="muted">They cannot be shown now.</p>}
      {found.isSuccess && open.length === 0 && <p className="muted">Nothing is passed over.</p>}
      <ul className="stack near">
        {open.map((waiver) => (
          <li key={waiver.id} className="stack tight">
            <span className="row between">
              <State look={waiver.counts ? COUNTS : ASKED} />
              <span className="row">
                {waiver.state === 'requested' && (
                  <ActionButton
                    size="compact-xs"
                    whyNot={waiver.mayApprove ? undefined : 'Somebody else who may approve waivers has to.'}
                    onClick={() => setApproving(waiver)}
                  >
                    Approve
                  </ActionButton>
                )}
                <ActionButton size="compact-xs" variant="default" whyNot={mayNot} onClick={() => setEnding(waiver)}>
                  End it
                </ActionButton>
              </span>
            </span>
            <span>{scope(waiver)}</span>
            <span>{waiver.reason}</span>
            <span className="muted small">
              until <Time at={waiver.expiresAt} exact />, asked for by {waiver.requestedBy.name}
              {waiver.approvedBy ? `, approved by ${waiver.approvedBy.name}` : ''}
            </span>
          </li>
        ))}
      </ul>
      {asking && <AskDialog environment={environment} close={() => setAsking(false)} />}
      {approving && <ApproveDialog waiver={approving} close={() => setApproving(undefined)} />}
      {ending && <EndDialog waiver={ending} close={() => setEnding(undefined)} />}
    </Panel>
  )
}

function scope({ rule, finding, component, unknown }: Waiver): string {
  const parts = [rule, finding ? `of ${finding}` : '', component ? `in ${component}` : '']
  return `${parts.filter((part) => part !== '').join(' ')}${unknown ? ', also where it is unknown' : ''}`
}

interface Wish {
  environment: string
  rule: string
  finding: string | null
  component: string | null
  reason: string
  expiresAt: string
  unknown: boolean
}

function AskDialog({ environment, close }: { environment: string; close: () => void }) {
  const [rule, setRule] = useState('severity')
  const [finding, setFinding] = useState('')
  const [component, setComponent] = useState('')
  const [until, setUntil] = useState('')
  const [reason, setReason] = useState('')
  const act = useAct(
    (body: Wish, headers) => take(api.POST('/api/v1/waivers', { body, headers })),
    () => {
      say('Asked for; it counts once somebody else has approved it')
      close()
    },
  )
  const expiresAt = momentOf(until)
  return (
    <Dialog
      title={`Waive an objection in ${environment}`}
      submit="Ask for it"
      onClose={close}
      onSubmit={() =>
        expiresAt &&
        act.run({
          environment,
          rule,
          finding: finding === '' ? null : finding,
          component: component === '' ? null : component,
          reason,
          expiresAt,
          unknown: false,
        })
      }
      busy={act.busy}
      ready={expiresAt !== undefined && reason.trim() !== '' && rule !== '' && (finding !== '' || component !== '')}
      problem={act.problem}
      command={commands.waive(environment, rule, finding, component, expiresAt ?? '', reason)}
    >
      <TextInput label="Rule" required value={rule} onChange={(event) => setRule(event.currentTarget.value)} />
      <TextInput
        label="Finding"
        description="Its id or an alias, such as CVE-2030-1; empty is any in the component."
        value={finding}
        onChange={(event) => setFinding(event.currentTarget.value)}
      />
      <TextInput
        label="Component"
        description="Empty is any; one of the two is needed."
        value={component}
        onChange={(event) => setComponent(event.currentTarget.value)}
      />
      <TextInput
        type="datetime-local"
        label="Until"
        description="In your zone; at most 180 days from now."
        required
        value={until}
        onChange={(event) => setUntil(event.currentTarget.value)}
      />
      <Textarea
        label="Why that is acceptable"
        description="It stands in every decision that rests on it."
        required
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </Dialog>
  )
}

function ApproveDialog({ waiver, close }: { waiver: Waiver; close: () => void }) {
  const proof = useProof(false)
  const act = useAct(
    async (body: { comment: string }, headers) => {
      await proof.prove()
      return take(api.POST('/api/v1/waivers/{waiver}/approve', { params: { path: { waiver: waiver.id } }, body, headers }))
    },
    () => {
      say('The waiver counts from now on')
      close()
    },
  )
  const [comment, setComment] = useState('')
  return (
    <Dialog
      title={`Approve the waiver of ${waiver.rule}`}
      submit="Approve it"
      onClose={close}
      onSubmit={() => act.run({ comment })}
      busy={act.busy}
      ready
      problem={act.problem}
      command={commands.approveWaiver(waiver.id)}
    >
      <p>
        {scope(waiver)}, in {waiver.environment}: {waiver.reason}
      </p>
      <Textarea label="Comment" value={comment} onChange={(event) => setComment(event.currentTarget.value)} />
      <Prove proof={proof} problem={act.problem} />
    </Dialog>
  )
}

function EndDialog({ waiver, close }: { waiver: Waiver; close: () => void }) {
  const [reason, setReason] = useState('')
  const act = useAct(
    (body: { comment: string }, headers) =>
      take(api.POST('/api/v1/waivers/{waiver}/end', { params: { path: { waiver: waiver.id } }, body, headers })),
    () => {
      say('The waiver has ended')
      close()
    },
  )
  return (
    <Dialog
      title={`End the waiver of ${waiver.rule}`}
      submit="End it now"
      onClose={close}
      onSubmit={() => act.run({ comment: reason })}
      busy={act.busy}
      ready={reason.trim() !== ''}
      problem={act.problem}
      command={commands.endWaiver(waiver.id, reason)}
    >
      <p>What waits on it is judged again without it.</p>
      <Textarea
        label="Why now"
        data-autofocus
        required
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </Dialog>
  )
}
