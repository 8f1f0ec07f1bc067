import { Button, Textarea } from '@mantine/core'
import { useState } from 'react'
import type { Promotion } from '../../api/types'
import { commands } from '../../commands'
import { changeLine, movedSince } from '../../promotion/inbox'
import { Above } from '../../widgets/Above'
import { Digest } from '../../widgets/Copy'
import { Dialog } from '../../widgets/Dialog'
import { Words } from '../../widgets/Words'
import { count } from '../../words/text'
import { Prove, useProof } from '../access/Prove'
import style from './Inbox.module.css'
import { Outcomes } from './Outcomes'
import { useApproveAlike, useRejectEach } from './useAlike'

/** What is about to be said. promotions: as they were chosen. name: of their release. */
export interface Word {
  verb: 'approve' | 'reject'
  promotions: readonly Promotion[]
  name: string
  /** The absent one in whose place it is said. */
  standsFor: string | null
}

interface Props extends Word {
  /** Those that wait, as they are now. */
  now: readonly Promotion[]
  close: () => void
}

/** One word for all that are named in it, each by its own plan; afterwards what became of each. */
export function AlikeDialog({ verb, promotions: chosen, name, standsFor, now, close }: Props) {
  const [comment, setComment] = useState('')
  // Bound to the plans that stood here when the dialog opened, however the page moves on beneath.
  const [plans] = useState(() => new Map(chosen.map(({ id, planDigest }) => [id, planDigest ?? ''])))
  const isYes = verb === 'approve'
  const proof = useProof(isYes && chosen.some(({ actions }) => actions.reauthenticate?.needed === true))
  const approving = useApproveAlike(plans, standsFor, proof.prove)
  const rejecting = useRejectEach(chosen)
  const outcomes = isYes ? approving.outcomes : rejecting.outcomes
  const moved = isYes ? movedSince(now, plans) : []
  const what = `${name} to ${chosen.map(({ environment }) => environment).join(', ')}`
  if (outcomes !== undefined) {
    return (
      <Above title={`${isYes ? 'Approved' : 'Rejected'}: ${what}`} onClose={close}>
        <div className="stack">
          <Outcomes promotions={chosen} outcomes={outcomes} done={isYes ? 'approved' : 'rejected'} />
          <div className={style.foot}>
            <Button onClick={close} data-autofocus disabled={rejecting.busy}>
              Done
            </Button>
          </div>
        </div>
      </Above>
    )
  }
  return (
    <Dialog
      title={`${isYes ? 'Approve' : 'Reject'} ${what}`}
      submit={isYes ? `Approve ${chosen.length === 1 ? 'this plan' : `these ${chosen.length} plans`}` : `Reject ${chosen.length === 1 ? 'it' : `all ${chosen.length}`}`}
      grave={!isYes}
      onClose={close}
      onSubmit={() => (isYes ? approving.run(comment) : rejecting.run(comment))}
      busy={approving.busy || rejecting.busy}
      ready={moved.length === 0 && (!proof.asked || proof.password !== '') && (isYes || comment.trim() !== '')}
      problem={approving.problem}
      command={
        isYes
          ? commands.approveAlike([...plans.keys()], comment, standsFor)
          : chosen.map(({ id }) => commands.reject(id, comment)).join(' && ')
      }
    >
      {isYes && chosen.length > 1 && <p className="muted">All of these, or none: each by its own plan, as you see it here.</p>}
      <ul className={style.plans} aria-label="What it is about">
        {chosen.map((promotion) => (
          <li key={promotion.id}>
            <span className="strong">{promotion.environment}</span>
            <span>
              {changeLine(promotion)}, on {count(promotion.plan?.targets.length ?? 0, 'target')}
            </span>
            <Digest value={plans.get(promotion.id) ?? ''} label={`plan digest for ${promotion.environment}`} />
          </li>
        ))}
      </ul>
      {isYes && standsFor !== null && (
        <p className="tone-wait strong">You say it in place of {standsFor}; both names stand in the evidence.</p>
      )}
      {moved.length > 0 && (
        <p className="tone-wait strong">
          The plan for {moved.map(({ environment }) => environment).join(', ')} changed while you read. Close this, and look again.
        </p>
      )}
      <Textarea
        label={isYes ? 'Comment' : 'Why'}
        description={isYes ? 'May stay empty. It stands in the evidence of each.' : <Words text="It stands in the evidence of each, and ends it." />}
        data-autofocus
        required={!isYes}
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      <Prove proof={proof} problem={approving.problem} />
    </Dialog>
  )
}
