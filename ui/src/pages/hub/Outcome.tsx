import { Button } from '@mantine/core'
import type { Change, Problem } from '../../api/types'
import { ChangeList } from '../../widgets/ChangeList'
import { CommandHint } from '../../widgets/Dialog'
import { Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { type Look, State } from '../../widgets/State'
import { count } from '../../words/text'
import style from './Form.module.css'
import type { Verdict } from './useDryRun'

interface Props {
  /** Of what is saved. */
  name: string
  command: string
  /** What is needed before the server is asked. */
  needs: string
  verdict: Verdict
  isReady: boolean
  isCurrent: boolean
  isNew: boolean
  /** Whether nothing has a fault that was told without the server: such a thing is not in the document. */
  isWhole: boolean
  /** Fields that have something against them. */
  wrong: readonly string[]
  /** What is only not there yet, as the form calls it. */
  missing: readonly string[]
  rest: readonly string[]
  problem: Problem | undefined
  busy: boolean
}

/** What saving would do, what stands against it, and the button. */
export function Outcome(props: Props) {
  const { name, command, needs, verdict, isReady, isCurrent, isNew, isWhole, wrong, missing, rest, problem, busy } = props
  const isFine = isReady && isCurrent && verdict.kind === 'fine' && isWhole
  const changes = !isNew && verdict.kind === 'fine' ? verdict.diff : []
  return (
    <>
      {verdict.kind === 'unasked' && <Refusal problem={verdict.problem} />}
      {problem && <Refusal problem={problem} />}
      <Panel
        title="What saving it does"
        label="What saving it does"
        flush
        side={<State look={lookOf(props)} />}
      >
        {(rest.length > 0 || missing.length > 0 || wrong.length > 0) && (
          <div className={`stack near ${style.note}`}>
            {rest.length > 0 && (
              <ul className={style.faults} aria-label="What stands against it">
                {rest.map((reason) => (
                  <li key={reason}>{reason}</li>
                ))}
              </ul>
            )}
            {wrong.length > 0 && <p>Correct: {wrong.join(', ')}</p>}
            {missing.length > 0 && (
              <p className="muted">
                Still missing: {missing.join(', ')}
              </p>
            )}
          </div>
        )}
        {verdict.kind === 'fine' && isWhole && <Effect name={name} isNew={isNew} changes={changes} />}
        {!isReady && (
          <p className={`muted ${style.note}`}>It is checked as soon as it has {needs}.</p>
        )}
      </Panel>
      <div className="row wrap between">
        <CommandHint command={command} />
        <Button type="submit" loading={busy} disabled={!isFine || (!isNew && changes.length === 0)}>
          {isNew ? 'Add it' : 'Save the change'}
        </Button>
      </div>
    </>
  )
}

function lookOf({ isReady, isCurrent, verdict, missing, rest, wrong }: Props): Look {
  if (!isReady) return { tone: 'idle', icon: 'circle-dashed', word: 'Not checked yet' }
  if (!isCurrent) return { tone: 'busy', icon: 'loader-2', word: 'Checking', spin: true }
  if (wrong.length > 0) return { tone: 'bad', icon: 'circle-x', word: `${count(wrong.length, 'field')} to correct` }
  if (rest.length > 0) return { tone: 'bad', icon: 'circle-x', word: `${count(rest.length, 'reason')} against it` }
  if (missing.length > 0) return { tone: 'wait', icon: 'circle-dashed', word: 'Not complete' }
  if (verdict.kind === 'fine') return { tone: 'good', icon: 'circle-check', word: 'The server would take it' }
  return { tone: 'open', icon: 'help-circle', word: 'Not checked' }
}

function Effect({ name, isNew, changes }: { name: string; isNew: boolean; changes: readonly Change[] }) {
  if (isNew) return <p className={style.note}>{name} is new: it is made as the document says.</p>
  if (changes.length === 0) return <p className={`muted ${style.note}`}>Nothing: it is as it was.</p>
  return <ChangeList of={changes} />
}
