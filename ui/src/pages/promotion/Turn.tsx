import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Promotion } from '../../api/types'
import { paths } from '../../paths'

/** Where it stands in line, and who took its place. */
export function Turn({ promotion: { queue, supersededBy } }: { promotion: Promotion }) {
  if (supersededBy !== null) {
    return (
      <span>
        by <Link {...paths.promotion(supersededBy)}>a newer request</Link>
      </span>
    )
  }
  if (queue === null) return null
  return (
    <span>
      waits for{' '}
      {queue.behind !== null && queue.behindRelease !== null ? (
        <Link {...paths.promotion(queue.behind)}>
          {queue.behindRelease.name} {queue.behindRelease.version}
        </Link>
      ) : (
        'its turn'
      )}
      , position {queue.position}
    </span>
  )
}

/** What it follows, as a pair for a list: none where a person asked for it. */
export const follows = ({ follows: deployment }: Promotion): [string, ReactNode][] =>
  deployment === null
    ? []
    : [
        [
          'Follows',
          <Link key="follows" {...paths.deployment(deployment)}>
            the deployment in the environment before
          </Link>,
        ],
      ]
