import { Link } from '@tanstack/react-router'
import type { Lifecycle, LifecyclePhase, LifecyclePlace } from '../../api/types'
import { columnsOf, phaseText, PLACE } from '../../environment/lifecycle'
import { paths } from '../../paths'
import { Icon } from '../../widgets/Icon'
import { State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import style from './Phases.module.css'

/** A lifecycle as it is walked: a column for each step, branches under each other. */
export function Phases({ lifecycle }: { lifecycle: Lifecycle }) {
  const columns = columnsOf(lifecycle.phases)
  return (
    // oxlint-disable-next-line no-noninteractive-tabindex -- it scrolls, so that it has to be reached by keys
    <ol className={style.columns} aria-label={`Phases of ${lifecycle.name}`} tabIndex={0}>
      {columns.map((column, index) => (
        <li key={column.map(({ name }) => name).join(' ')} className={style.column}>
          {index > 0 && <Icon name="arrow-right" size={16} />}
          <ul className={style.phases}>
            {column.map((phase) => (
              <li key={phase.name} className={style.phase} data-row>
                <Phase phase={phase} said={phaseText(phase, lifecycle.phases)} />
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ol>
  )
}

function Phase({ phase, said }: { phase: LifecyclePhase; said: string }) {
  return (
    <>
      <p className="row between">
        <span className="strong">{phase.name}</span>
        {phase.done !== null && (
          <span className="muted small">
            {phase.done} of {phase.count} done
          </span>
        )}
      </p>
      <ul className="stack tight">
        {phase.environments.map((place) => (
          <li key={place.environment}>
            <span className="row between">
              <Link {...paths.environment(place.environment)}>{place.environment}</Link>
              <Standing place={place} />
            </span>
            {place.until !== null && (
              <p className="muted small">
                until <Time at={place.until} exact />
              </p>
            )}
          </li>
        ))}
      </ul>
      {said !== '' && <p className="muted small">{said}</p>}
      {phase.letsIn !== null && (
        <State
          look={
            phase.letsIn
              ? { tone: 'good', icon: 'check', word: 'May go here' }
              : { tone: 'idle', icon: 'lock', word: 'Not its turn yet' }
          }
        />
      )}
    </>
  )
}

function Standing({ place }: { place: LifecyclePlace }) {
  if (place.state === null) return null
  const look = <State look={PLACE[place.state]} />
  return place.promotion === null ? look : <Link {...paths.promotion(place.promotion)}>{look}</Link>
}
