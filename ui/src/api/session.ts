import { useSuspenseQuery } from '@tanstack/react-query'
import { meQuery } from './queries'
import type { Permission } from './types'

/** Who reads this page. */
export function useMe() {
  return useSuspenseQuery(meQuery).data
}

/** Why the reader may not do something, or undefined where they may. The server decides again when it is asked. */
export function useWhyNot(permission: Permission): string | undefined {
  const { user, permissions } = useMe()
  if (permissions.includes(permission)) return undefined
  return `This needs the permission ${permission}; you are ${user.roles.join(', ') || 'without a role'}`
}
