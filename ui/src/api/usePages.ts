import { type InfiniteData, type UseSuspenseInfiniteQueryOptions, useSuspenseInfiniteQuery } from '@tanstack/react-query'
import type { More } from '../widgets/Table'
import type { Page } from './types'

type Key = readonly unknown[]
type Options<T> = UseSuspenseInfiniteQueryOptions<Page<T>, Error, InfiniteData<Page<T>>, Key, string | undefined>

/** All rows fetched so far, and how to get the rest. */
export function usePages<T>(options: Options<T>): { rows: T[]; more: More } {
  const found = useSuspenseInfiniteQuery(options)
  return {
    rows: found.data.pages.flatMap((page) => page.items),
    more: {
      has: found.hasNextPage,
      busy: found.isFetchingNextPage,
      load: () => void found.fetchNextPage(),
    },
  }
}
