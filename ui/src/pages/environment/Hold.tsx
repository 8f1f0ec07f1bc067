import { Textarea } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { useWhyNot } from '../../api/session'
import type { Environment } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { ActionButton } from '../../widgets/ActionButton'
import { Dialog } from '../../widgets/Dialog'
import { Panel } from '../../widgets/Panel'
import { type Look, State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import { say } from '../../widgets/Toasts'
import { count } from '../../words/text'

export const HELD: Look = { tone: 'wait', icon: 'pin', word: 'Held' }

type Verb = 'hold' | 'resume'

/** What goes in here by itself, how long requests stand, and whether somebody holds it. */
export function Hold({ environment }: { environment: Environment }) {
  const mayNot = useWhyNot('deployment.operate')
  const [verb, setVerb] = useState<Verb>()
  const { hold, promotions } = environment
  return (
    <Panel
      title="Requests"
      side={
        <ActionButton
          size="compact-xs"
          variant="default"
          whyNot={mayNot}
          onClick={() => setVerb(hold === null ? 'hold' : 'resume')}
        >
          {hold === null ? 'Hold' : 'Let it go on'}
        </ActionButton>
      }
    >
      <div className="stack near">
        {hold !== null && (
          <div className="stack tight">
            <State look={HELD} />
            <span>{hold.reason}</span>
            <span className="muted small">
              since <Time at={hold.at} exact />, by {hold.by.name}
              {hold.promotion !== null && (
                <>
                  , for{' '}
                  <Link {...paths.promotion(hold.promotion)} className="strong">
                    its rollback
                  </Link>
                </>
              )}
              . Nothing goes in by itself; a promotion that a person asks for ends it.
            </span>
          </div>
        )}
        <ul className="stack tight">
          {rulesOf(promotions).map((rule) => (
            <li key={rule}>{rule}</li>
          ))}
        </ul>
      </div>
      {verb && <HoldDialog verb={verb} environment={environment.name} close={() => setVerb(undefined)} />}
    </Panel>
  )
}

/** How requests for it are kept, each rule in a sentence. */
export function rulesOf({ automatic, expiresAfter, supersede }: Environment['promotions']): string[] {
  const from = automatic?.from ?? 'the phases before'
  const what = automatic?.pick === 'newest' ? `What is newer in ${from} goes in by itself.` : ''
  const whatever = automatic?.pick === 'upstream' ? `Whatever runs in ${from} goes in by itself.` : ''
  return [
    what || whatever || 'Only what people ask for goes in.',
    expiresAfter === null ? '' : `A request that has not begun ends after ${count(expiresAfter, 'hour')}.`,
    supersede === 'older' ? 'A newer request takes the place of older ones of the same name.' : '',
  ].filter(Boolean)
}

const WORDS = {
  hold: { title: 'Hold', submit: 'Hold it', said: 'is held' },
  resume: { title: 'Let go on:', submit: 'Let it go on', said: 'goes on' },
} as const

function HoldDialog({ verb, environment, close }: { verb: Verb; environment: string; close: () => void }) {
  const [reason, setReason] = useState('')
  const path = { params: { path: { name: environment } } }
  const act = useAct(
    (body: { reason: string }, headers) =>
      verb === 'hold'
        ? take(api.POST('/api/v1/environments/{name}/hold', { ...path, body, headers }))
        : take(api.POST('/api/v1/environments/{name}/resume', { ...path, body, headers })),
    () => {
      say(`${environment} ${WORDS[verb].said}`)
      close()
    },
  )
  return (
    <Dialog
      title={`${WORDS[verb].title} ${environment}`}
      submit={WORDS[verb].submit}
      onClose={close}
      onSubmit={() => act.run({ reason })}
      busy={act.busy}
      ready={reason.trim() !== ''}
      problem={act.problem}
      command={verb === 'hold' ? commands.hold(environment, reason) : commands.resume(environment, reason)}
    >
      <p>
        {verb === 'hold'
          ? `Nothing goes into ${environment} by itself from then on. What people ask for still does, and ends the hold.`
          : `What runs in the environment before is asked for in ${environment} again, where that is automatic.`}
      </p>
      <Textarea
        label="Reason"
        data-autofocus
        required
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </Dialog>
  )
}
