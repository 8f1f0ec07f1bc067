import { Link } from '@tanstack/react-router'
import type { Environment } from '../../api/types'
import { paths } from '../../paths'

/** The lifecycles with a phase in which it is. */
export function InLifecycles({ environment }: { environment: Environment }) {
  if (environment.lifecycles.length === 0) return <span className="muted">in none</span>
  return (
    <span className="row wrap">
      {environment.lifecycles.map((name) => (
        <Link key={name} {...paths.lifecycle(name)}>
          {name}
        </Link>
      ))}
    </span>
  )
}
