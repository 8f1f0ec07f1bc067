import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { alikeQuery } from '../../api/alike'
import { promotionsQuery } from '../../api/queries'
import { useWhyNot } from '../../api/session'
import { paths } from '../../paths'

/** Ids of what waits for the reader, in the order of the inbox. */
function useMine(): string[] {
  const whyNot = useWhyNot('promotion.approve')
  const groups = useQuery({ ...alikeQuery, enabled: whyNot === undefined }).data?.items ?? []
  return groups.flatMap(({ promotions }) => promotions.map(({ id }) => id))
}

/** `[` and `]`: the promotion before and after this one, in the inbox where it is in it, else in the server's list. */
export function useNeighbours(id: string): void {
  const navigate = useNavigate()
  const mine = useMine()
  const all = useInfiniteQuery(promotionsQuery()).data?.pages.flatMap((page) => page.items.map((one) => one.id)) ?? []
  const within = mine.includes(id) ? mine : all
  const at = within.indexOf(id)
  const before = within[at - 1]
  const after = at >= 0 ? within[at + 1] : undefined
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return
      const wanted = event.key === '[' ? before : event.key === ']' ? after : undefined
      if (wanted !== undefined) void navigate(paths.promotion(wanted))
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [navigate, before, after])
}

/** Where this one stands among those that wait for the reader, and the way to the others. */
export function MoreOfMine({ id }: { id: string }) {
  const mine = useMine()
  const at = mine.indexOf(id)
  const next = mine[at + 1] ?? mine[0]
  if (next === undefined || next === id) return null
  return (
    <span className="row small muted">
      {at >= 0 ? `${at + 1} of ${mine.length} that wait for you` : `${mine.length} more ${mine.length === 1 ? 'waits' : 'wait'} for you`}
      <Link {...paths.promotion(next)}>
        {at < 0 ? 'Go there' : mine[at + 1] === undefined ? 'To the first' : 'Next'}
        {at >= 0 && mine[at + 1] !== undefined && <kbd aria-hidden="true"> ]</kbd>}
      </Link>
    </span>
  )
}
