import { useState } from 'react'
import type { BreakGlass as Broken, Decision, Promotion } from '../../api/types'
import { gateName } from '../../promotion/gates'
import { GATE, lookOf } from '../../promotion/states'
import { ActionButton } from '../../widgets/ActionButton'
import { Icon } from '../../widgets/Icon'
import { Panel } from '../../widgets/Panel'
import { type Look, State } from '../../widgets/State'
import style from './BreakGlass.module.css'
import { About, AgreeDialog, AskDialog, EndDialog } from './BreakGlassDialogs'

const STATES: Readonly<Record<Broken['state'], Look>> = {
  requested: { tone: 'wait', icon: 'clock', word: 'Waits for a second person' },
  standing: { tone: 'bad', icon: 'alert-triangle', word: 'Two people stand behind it' },
  ended: { tone: 'idle', icon: 'circle-minus', word: 'Taken back' },
  lapsed: { tone: 'idle', icon: 'clock', word: 'Lapsed' },
}

/** Those in which a break-glass can still be heard, or taken back. */
const STILL_JUDGED: ReadonlySet<Promotion['state']> = new Set([
  'evaluating',
  'waiting',
  'scheduled',
  'blocked',
  'approved',
  'queued',
])

/** What nobody may overlook: gates did not pass, and it went through by two people's word. */
export function PassedByBreakGlass({ decision }: { decision: Decision }) {
  const broken = decision.breakGlass
  if (!broken) return null
  const held = decision.gates.filter(({ state }) => state !== 'pass')
  return (
    <section className={style.passed} aria-label="Passed by break-glass">
      <Icon name="alert-triangle" size={18} />
      <div className="grow stack tight">
        <h2>Passed by break-glass, though gates did not</h2>
        <p>
          {broken.requestedBy.name} asked for it, {broken.agreedBy.name} agreed: {broken.reason}
        </p>
        <ul className="row wrap" aria-label="Gates that did not pass">
          {held.map((gate) => (
            <li key={gate.name} className="row">
              <span className="strong">{gateName(gate.name)}</span>
              <State look={lookOf(GATE, gate.state)} />
            </li>
          ))}
        </ul>
      </div>
    </section>
  )
}

/** In an emergency: who asked that it go through its gates, who agreed, until when. */
export function BreakGlass({ promotion }: { promotion: Promotion }) {
  const [dialog, setDialog] = useState<'ask' | 'agree' | 'end'>()
  const { breakGlass: ask, agreeToBreakGlass: agree } = promotion.actions
  const broken = promotion.breakGlass
  const isOver = !STILL_JUDGED.has(promotion.state)
  const open = broken?.state === 'requested' || broken?.state === 'standing'
  if (!broken && !ask.allowed) return null
  const close = () => setDialog(undefined)
  return (
    <Panel
      title="Break-glass"
      side={
        !open && (
          <ActionButton
            size="compact-xs"
            variant="default"
            whyNot={ask.allowed ? undefined : ask.reason}
            onClick={() => setDialog('ask')}
          >
            Ask for it
          </ActionButton>
        )
      }
    >
      {broken ? (
        <div className="stack near">
          <State look={STATES[broken.state]} />
          <About broken={broken} />
          {open && !isOver && (
            <span className="row wrap">
              {broken.state === 'requested' && (
                <ActionButton
                  size="compact-xs"
                  whyNot={agree.allowed ? undefined : agree.reason}
                  onClick={() => setDialog('agree')}
                >
                  Agree
                </ActionButton>
              )}
              <ActionButton size="compact-xs" variant="default" onClick={() => setDialog('end')}>
                Take it back
              </ActionButton>
            </span>
          )}
        </div>
      ) : (
        <p className="muted">In an emergency two people can let this plan through its gates.</p>
      )}
      {dialog === 'ask' && <AskDialog promotion={promotion} close={close} />}
      {dialog === 'agree' && broken && <AgreeDialog broken={broken} close={close} />}
      {dialog === 'end' && broken && <EndDialog broken={broken} close={close} />}
    </Panel>
  )
}
