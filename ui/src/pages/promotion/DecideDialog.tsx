import { Textarea } from '@mantine/core'
import { useState } from 'react'
import { api, take } from '../../api/client'
import type { Promotion } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { Digest } from '../../widgets/Copy'
import { Dialog } from '../../widgets/Dialog'
import { Pairs } from '../../widgets/Panel'
import { say } from '../../widgets/Toasts'
import { count } from '../../words/text'
import { Prove, useProof } from '../access/Prove'

export type Verb = 'approve' | 'reject' | 'cancel'

const WORDS = {
  approve: { title: 'Approve', submit: 'Approve this plan', done: 'approved', grave: false },
  reject: { title: 'Reject', submit: 'Reject it', done: 'rejected', grave: true },
  cancel: { title: 'Cancel', submit: 'Cancel the promotion', done: 'cancelled', grave: true },
} as const

interface Props {
  verb: Verb
  promotion: Promotion
  close: () => void
}

/** One person's word on one plan: what it is about stands above the comment. */
export function DecideDialog({ verb, promotion, close }: Props) {
  const [comment, setComment] = useState('')
  // An approval is bound to the plan that was on screen when the dialog opened, however the page moves on beneath.
  const [planDigest] = useState(promotion.planDigest ?? '')
  const words = WORDS[verb]
  const { release, environment, diff } = promotion
  const name = `${release.name} ${release.version}`
  const params = { path: { promotion: promotion.id } }
  const proof = useProof(verb === 'approve' && promotion.actions.reauthenticate?.needed === true)
  const act = useAct(
    async (_: undefined, headers) => {
      if (verb === 'approve') {
        await proof.prove()
        return take(api.POST('/api/v1/promotions/{promotion}/approve', { params, body: { planDigest, comment }, headers }))
      }
      return take(api.POST(`/api/v1/promotions/{promotion}/${verb}`, { params, body: { comment }, headers }))
    },
    () => {
      say(`${name} to ${environment}: ${words.done}`)
      close()
    },
  )
  const changed = diff?.components.filter((component) => component.changed).length ?? 0
  const moved = verb === 'approve' && promotion.planDigest !== planDigest
  return (
    <Dialog
      title={`${words.title} ${name} to ${environment}`}
      submit={words.submit}
      grave={words.grave}
      onClose={close}
      onSubmit={() => act.run(undefined)}
      busy={act.busy}
      ready={!moved && (!proof.asked || proof.password !== '') && (verb === 'approve' || comment.trim() !== '')}
      problem={act.problem}
      command={
        verb === 'approve'
          ? commands.approve(promotion.id, comment, planDigest)
          : commands[verb](promotion.id, comment)
      }
    >
      {verb === 'approve' && (
        <Pairs
          of={[
            ['Changes', `${count(changed, 'component')}${diff?.from ? `, from ${diff.from.name} ${diff.from.version}` : ''}`],
            ['On', count(promotion.plan?.targets.length ?? 0, 'target')],
            ['Asked for by', promotion.requestedBy.name],
            ['Plan', <Digest key="plan" value={planDigest} label="plan digest" />],
          ]}
        />
      )}
      {moved && <p className="tone-wait strong">The plan changed while you read. Close this, and look again.</p>}
      <Textarea
        label="Comment"
        description={verb === 'approve' ? 'May stay empty. It stands in the evidence.' : 'It stands in the evidence.'}
        data-autofocus
        required={verb !== 'approve'}
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      <Prove proof={proof} problem={act.problem} />
    </Dialog>
  )
}
