import { Link } from '@tanstack/react-router'
import type { HotfixTaken } from '../../api/types'
import { paths } from '../../paths'
import { Icon } from '../../widgets/Icon'
import style from './Hotfix.module.css'

/** What nobody may overlook: phases were left out, by a rule, and it would not have gone otherwise. */
export function Hotfix({ hotfix }: { hotfix: HotfixTaken }) {
  return (
    <section className={style.hotfix} aria-label="Hotfix">
      <Icon name="alert-triangle" size={18} />
      <div className="grow stack tight">
        <h2>Hotfix: {hotfix.phases.join(', ')} left out</h2>
        <p>
          <Link {...paths.lifecycle(hotfix.lifecycle)}>{hotfix.lifecycle}</Link>{' '}
          {hotfix.channel === null
            ? `lets ${hotfix.by.name} ask for that: ${hotfix.reason}`
            : `lets releases of the channel ${hotfix.channel} do that`}
        </p>
      </div>
    </section>
  )
}
