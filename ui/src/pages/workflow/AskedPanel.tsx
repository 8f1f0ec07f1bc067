import { Textarea } from '@mantine/core'
import { useMemo, useState } from 'react'
import { api, take } from '../../api/client'
import { useMe } from '../../api/session'
import type { Run, RunStep } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { type Config, fieldsOf } from '../../hub/schema'
import { ActionButton } from '../../widgets/ActionButton'
import { CommandHint } from '../../widgets/Dialog'
import { Icon } from '../../widgets/Icon'
import { Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { say } from '../../widgets/Toasts'
import { SchemaFields } from '../hub/SchemaFields'
import style from './Run.module.css'

type Action = 'approve' | 'reject' | 'answer' | 'retry' | 'skip' | 'fail'

const WORDS: Readonly<Record<Action, { verb: string; done: string; isGrave?: boolean }>> = {
  approve: { verb: 'Approve', done: 'approved' },
  reject: { verb: 'Reject', done: 'rejected', isGrave: true },
  answer: { verb: 'Send the answer', done: 'answered' },
  retry: { verb: 'Try it again', done: 'is tried again' },
  skip: { verb: 'Skip it', done: 'is skipped' },
  fail: { verb: 'Let it fail', done: 'failed', isGrave: true },
}
const isAction = (word: string): word is Action => word in WORDS

interface Props {
  run: Run
  node: RunStep
  asked: NonNullable<RunStep['asked']>
}

/** What a step asks a person: who may answer, the form where it has one, and each word that can be said. */
export function AskedPanel({ run, node, asked }: Props) {
  const [comment, setComment] = useState('')
  const [values, setValues] = useState<Config>({})
  const [broken, setBroken] = useState<string>()
  // As it was when the form was opened: it does not change while the step waits.
  const form = JSON.stringify(asked.form)
  const fields = useMemo(() => fieldsOf(JSON.parse(form) as Config, {}), [form])
  const isForm = asked.actions.includes('answer')
  const act = useAct(
    (action: Action, headers) =>
      take(
        api.POST('/api/v1/runs/{run}/decide', {
          params: { path: { run: run.id } },
          body: { step: node.key, action, comment, values: isForm ? { ...values } : {} },
          headers,
        }),
      ),
    () => say(`${node.key} was answered`),
  )
  const actions = asked.actions.filter(isAction)
  const whyNot = asked.whyNot ?? (broken === undefined ? undefined : `The form: ${broken}`)
  return (
    <Panel title={node.state === 'asking' ? 'It went wrong: what follows?' : 'It asks a person'} label="It asks a person">
      <div className="stack near">
        {asked.message !== '' && <p className={style.message}>{asked.message}</p>}
        <p className="muted">
          Asked: {asked.by.join(', ')}
          {asked.whyNot !== null && <>. You may not answer: {asked.whyNot}.</>}
        </p>
        <Claim run={run} node={node} asked={asked} />
        {isForm && (
          <SchemaFields
            fields={fields}
            config={values}
            onChange={setValues}
            at={() => undefined}
            onFault={(_, fault) => setBroken(fault)}
          />
        )}
        {!isForm && (
          <Textarea
            label="Comment"
            description="It stands in the record."
            disabled={asked.whyNot !== null}
            value={comment}
            onChange={(event) => setComment(event.currentTarget.value)}
          />
        )}
        {act.problem && <Refusal problem={act.problem} />}
        <div className={style.buttons}>
          {actions.map((action) => (
            <ActionButton
              key={action}
              whyNot={whyNot}
              loading={act.busy}
              variant={WORDS[action].isGrave || action === 'skip' ? 'default' : 'filled'}
              onClick={() => act.run(action)}
            >
              {WORDS[action].verb}
            </ActionButton>
          ))}
        </div>
        {actions[0] !== undefined && <CommandHint command={commands.decideRun(run.id, node.key, actions[0], comment)} />}
      </div>
    </Panel>
  )
}

/** Who looks after it, so that nobody else speaks meanwhile. */
function Claim({ run, node, asked }: Props) {
  const me = useMe().user
  const isMine = asked.claimedBy?.id === me.id
  const act = useAct(
    (giveBack: boolean, headers) =>
      take(api.POST('/api/v1/runs/{run}/claim', { params: { path: { run: run.id } }, body: { step: node.key, giveBack }, headers })),
    () => undefined,
  )
  return (
    <div className="row wrap between">
      <span className="row">
        <Icon name="user" size={14} />
        {asked.claimedBy === null ? <span className="muted">Nobody looks after it</span> : <span>{isMine ? 'You look' : `${asked.claimedBy.name} looks`} after it</span>}
      </span>
      <ActionButton
        size="compact-xs"
        variant="default"
        whyNot={asked.whyNot ?? undefined}
        loading={act.busy}
        onClick={() => act.run(isMine)}
      >
        {isMine ? 'Give it back' : 'I look after it'}
      </ActionButton>
      {act.problem && <Refusal problem={act.problem} />}
    </div>
  )
}
