import { useQuery } from '@tanstack/react-query'
import { knownQuery } from '../../api/queries'
import { Time } from '../../widgets/Time'

/** By what is matched, and how new that is. */
export function KnownBy() {
  const known = useQuery(knownQuery).data
  if (known === undefined) return null
  if (known.snapshot === null) return <span>No advisories are known to this server: findings are unknown</span>
  const oldest = known.feeds.toSorted((a, b) => a.at.localeCompare(b.at))[0]
  return (
    <span>
      {known.ecosystems.length} ecosystems are matched
      {oldest && (
        <>
          ; the oldest feed, {oldest.name}, is of <Time at={oldest.at} />
        </>
      )}
    </span>
  )
}
