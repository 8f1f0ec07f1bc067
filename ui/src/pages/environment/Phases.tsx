import { Link } from '@tanstack/react-router'
import type { Lifecycle, LifecyclePhase, LifecyclePlace } from '../../api/types'
import { columnsOf, needText, PLACE } from '../../environment/lifecycle'
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
                <Phase phase={phase} />
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ol>
  )
}

function Phase({ phase }: { phase: LifecyclePhase }) {
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
          <li key={place.environment} className="row between">
            <Link {...paths.environment(place.environment)}>{place.environment}</Link>
            <Standing place={place} />
          </li>
        ))}
      </ul>
      <p className="muted small">
        {needText(phase)}
        {phase.after.length > 0 && `; follows ${phase.after.join(', ')}`}
        {phase.canBeLeftOut && '; a hotfix may leave it out'}
      </p>
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
  return (
    <span className="row">
      {place.promotion === null ? (
        <State look={PLACE[place.state]} />
      ) : (
        <Link {...paths.promotion(place.promotion)}>
          <State look={PLACE[place.state]} />
        </Link>
      )}
      {place.until !== null && (
        <span className="muted small">
          until <Time at={place.until} exact />
        </span>
      )}
    </span>
  )
}
