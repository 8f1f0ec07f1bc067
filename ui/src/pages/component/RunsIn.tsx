import { Link } from '@tanstack/react-router'
import type { Release } from '../../api/types'
import { paths } from '../../paths'

/** Where one of these releases runs now. */
export function RunsIn({ of }: { of: readonly Pick<Release, 'environments'>[] }) {
  const now = [
    ...new Set(of.flatMap(({ environments }) => environments.filter(({ current }) => current).map((one) => one.environment))),
  ]
  if (now.length === 0) return <span className="muted">nowhere</span>
  return (
    <span className="row wrap">
      {now.map((name) => (
        <Link key={name} {...paths.environment(name)}>
          {name}
        </Link>
      ))}
    </span>
  )
}
