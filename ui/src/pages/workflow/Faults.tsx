import type { WorkflowFault } from '../../api/types'
import { type Look, State } from '../../widgets/State'
import { count } from '../../words/text'
import style from './Designer.module.css'

export interface Verdict {
  isCurrent: boolean
  faults: readonly WorkflowFault[]
  /** Why nothing could be asked. */
  unread?: string | undefined
}

interface Props {
  verdict: Verdict
  onPick: (place: string) => void
}

/** What keeps it from running, each with its place: pressed, it leads there. */
export function Faults({ verdict, onPick }: Props) {
  const { faults, unread } = verdict
  return (
    <section className={style.faults} aria-label="What is wrong with it">
      <State look={lookOf(verdict)} />
      {unread !== undefined && <p className="tone-bad">{unread}</p>}
      {unread === undefined && faults.length > 0 && (
        <ul>
          {faults.map(({ place, words }) => (
            <li key={`${place} ${words}`}>
              <button type="button" data-row className={style.fault} onClick={() => onPick(place)}>
                <code>{place === '' ? 'the whole' : place}</code> <span>{words}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function lookOf({ isCurrent, faults, unread }: Verdict): Look {
  if (unread !== undefined) return { tone: 'bad', icon: 'circle-x', word: 'The YAML cannot be read' }
  if (!isCurrent) return { tone: 'busy', icon: 'loader-2', word: 'Checking', spin: true }
  if (faults.length > 0) return { tone: 'bad', icon: 'circle-x', word: `Cannot run: ${count(faults.length, 'fault')}` }
  return { tone: 'good', icon: 'circle-check', word: 'It can run' }
}
