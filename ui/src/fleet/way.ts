/** The way from an agent to a host that has none: ` by ssh to deploy@10.0.0.7`; nothing where it is its own. */
export function wayOf(reach: Record<string, unknown> | null | undefined): string {
  const [way, to] = Object.entries(reach ?? {})[0] ?? []
  if (!way) return ''
  const { user, host } = to as { user: string; host: string }
  return ` by ${way} to ${user}@${host}`
}
