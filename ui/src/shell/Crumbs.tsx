import { Link, useRouterState } from '@tanstack/react-router'
import { CopyButton } from '../widgets/Copy'
import { crumbsOf } from './crumbs'
import style from './Crumbs.module.css'

/** Where the reader is. The last crumb is this page; an id can be copied whole. */
export function Crumbs() {
  const path = useRouterState({ select: (state) => state.location.pathname })
  const crumbs = crumbsOf(path)
  return (
    <nav aria-label="Where you are">
      <ol className={style.crumbs}>
        {crumbs.map((crumb, index) => {
          const isLast = index === crumbs.length - 1
          return (
            <li key={`${crumb.to ?? ''}${crumb.text}`} className={style.part} title={crumb.id}>
              {crumb.to !== undefined && !isLast ? (
                <Link to={crumb.to}>{crumb.text}</Link>
              ) : (
                <span className={crumb.id ? 'mono' : isLast && index === 0 ? 'strong' : undefined} aria-current={isLast ? 'page' : undefined}>
                  {crumb.text}
                </span>
              )}
              {isLast && crumb.id && <CopyButton text={crumb.id} what="the id" />}
            </li>
          )
        })}
      </ol>
    </nav>
  )
}
