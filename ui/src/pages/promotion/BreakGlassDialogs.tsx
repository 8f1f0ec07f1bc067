import { Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import { api, take } from '../../api/client'
import type { BreakGlass, Promotion } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { gateName } from '../../promotion/gates'
import { Digest } from '../../widgets/Copy'
import { Dialog } from '../../widgets/Dialog'
import { Pairs } from '../../widgets/Panel'
import { Time } from '../../widgets/Time'
import { say } from '../../widgets/Toasts'
import { momentOf } from '../../words/time'
import { Prove, useProof } from '../access/Prove'

/** Who asked, who agreed, until when, why, and for which plan. */
export function About({ broken }: { broken: BreakGlass }) {
  return (
    <Pairs
      of={[
        ['Asked for by', <span key="asked">{broken.requestedBy.name} <Time at={broken.requestedAt} /></span>],
        [
          'Agreed to by',
          broken.agreedBy && broken.agreedAt ? (
            <span key="agreed">
              {broken.agreedBy.name} <Time at={broken.agreedAt} />
            </span>
          ) : (
            <span key="agreed" className="muted">nobody yet</span>
          ),
        ],
        ['Gates', broken.gates?.map(gateName).join(', ') ?? 'all that do not pass'],
        ['Until', <Time key="until" at={broken.endsAt} />],
        ['Reason', broken.reason],
        ['Plan', <Digest key="plan" value={broken.planDigest} label="plan digest" />],
      ]}
    />
  )
}

export function AskDialog({ promotion, close }: { promotion: Promotion; close: () => void }) {
  const [reason, setReason] = useState('')
  const [until, setUntil] = useState('')
  // It is bound to the plan that was on screen when the dialog opened.
  const [planDigest] = useState(promotion.planDigest ?? '')
  const endsAt = momentOf(until)
  const proof = useProof(promotion.actions.reauthenticate?.needed === true)
  const act = useAct(
    async (body: { planDigest: string; reason: string; endsAt: string }, headers) => {
      await proof.prove()
      return take(
        api.POST('/api/v1/promotions/{promotion}/break-glass', {
          params: { path: { promotion: promotion.id } },
          body,
          headers,
        }),
      )
    },
    () => {
      say('Asked for; it counts once another person has agreed')
      close()
    },
  )
  return (
    <Dialog
      title={`Break the glass for ${promotion.release.name} ${promotion.release.version} to ${promotion.environment}`}
      submit="Ask for it"
      grave
      onClose={close}
      onSubmit={() => endsAt && act.run({ planDigest, reason, endsAt })}
      busy={act.busy}
      ready={endsAt !== undefined && (!proof.asked || proof.password !== '') && reason.trim() !== ''}
      problem={act.problem}
      command={commands.breakGlass(promotion.id, reason, endsAt ?? '', planDigest)}
    >
      <p>
        Everybody who hears of promotions is told now, and again when another person agrees. It then goes through
        with this plan, though the gates that hold it now do not pass, and every record of it says so.
      </p>
      <TextInput
        type="datetime-local"
        label="Until"
        description="In your zone; at most 4 hours from now, less where the environment says so or it expires before."
        required
        value={until}
        onChange={(event) => setUntil(event.currentTarget.value)}
      />
      <Textarea
        label="The emergency"
        description="It stands in the evidence."
        data-autofocus
        required
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <Prove proof={proof} problem={act.problem} />
    </Dialog>
  )
}

export function AgreeDialog({ broken, close }: { broken: BreakGlass; close: () => void }) {
  const [comment, setComment] = useState('')
  const proof = useProof(false)
  const act = useAct(
    async (body: { comment: string }, headers) => {
      await proof.prove()
      return take(
        api.POST('/api/v1/promotions/{promotion}/break-glass/agree', {
          params: { path: { promotion: broken.promotion } },
          body,
          headers,
        }),
      )
    },
    () => {
      say('It is judged again with your word')
      close()
    },
  )
  return (
    <Dialog
      title="Agree to break the glass"
      submit="Let it through"
      grave
      onClose={close}
      onSubmit={() => act.run({ comment })}
      busy={act.busy}
      ready
      problem={act.problem}
      command={commands.agreeToBreakGlass(broken.promotion)}
    >
      <About broken={broken} />
      <Textarea
        label="Comment"
        description="May stay empty. It stands in the evidence."
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      <Prove proof={proof} problem={act.problem} />
    </Dialog>
  )
}

export function EndDialog({ broken, close }: { broken: BreakGlass; close: () => void }) {
  const [comment, setComment] = useState('')
  const act = useAct(
    (body: { comment: string }, headers) =>
      take(
        api.POST('/api/v1/promotions/{promotion}/break-glass/end', {
          params: { path: { promotion: broken.promotion } },
          body,
          headers,
        }),
      ),
    () => {
      say('Taken back')
      close()
    },
  )
  return (
    <Dialog
      title="Take the break-glass back"
      submit="Take it back"
      onClose={close}
      onSubmit={() => act.run({ comment })}
      busy={act.busy}
      ready={comment.trim() !== ''}
      problem={act.problem}
      command={commands.endBreakGlass(broken.promotion, comment)}
    >
      <p>What has not begun is judged without it.</p>
      <Textarea
        label="Why now"
        data-autofocus
        required
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
    </Dialog>
  )
}
