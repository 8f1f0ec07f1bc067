import type { AppliedDocument, Problem } from '../../api/types'
import { ChangeList } from '../../widgets/ChangeList'
import { Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { type Look, State } from '../../widgets/State'
import style from './Document.module.css'
import type { Judged } from './useWritten'

interface Props {
  judged: Judged
  isCurrent: boolean
  problem: Problem | undefined
  /** Why the reader may not apply it. */
  mayNot: string | undefined
}

/** What applying it would change, or what stands against it. */
export function Outcome({ judged, isCurrent, problem, mayNot }: Props) {
  const changes = judged.changes ?? []
  return (
    <>
      {problem && isCurrent && <Refusal problem={problem} />}
      <Panel title="What applying it changes" label="What applying it changes" flush side={<State look={lookOf(isCurrent, problem, changes)} />}>
        {mayNot !== undefined && <p className={`muted ${style.note}`}>{mayNot}.</p>}
        {changes.length === 0 && mayNot === undefined && <p className={`muted ${style.note}`}>Nothing yet.</p>}
        {changes.map((one) => (
          <section key={`${one.kind}/${one.name}`} className={style.one}>
            <p className={style.head}>
              <strong>
                {one.kind} {one.name}
              </strong>
              <span className="muted">{WORDS[one.change] ?? one.change}</span>
            </p>
            {one.change === 'updated' && <ChangeList of={one.diff} />}
          </section>
        ))}
      </Panel>
    </>
  )
}

const WORDS: Readonly<Record<string, string>> = {
  created: 'is new',
  updated: 'changes',
  unchanged: 'stays as it is',
  deleted: 'ends',
}

function lookOf(isCurrent: boolean, problem: Problem | undefined, changes: readonly AppliedDocument[]): Look {
  if (!isCurrent) return { tone: 'busy', icon: 'loader-2', word: 'Checking', spin: true }
  if (problem) return { tone: 'bad', icon: 'circle-x', word: 'Refused' }
  if (changes.every(({ change }) => change === 'unchanged')) return { tone: 'idle', icon: 'circle-check', word: 'No change' }
  return { tone: 'good', icon: 'circle-check', word: 'The server would take it' }
}
