import { ACTIONS } from './actions'

export interface Crumb {
  text: string
  /** The whole of what `text` shortens: an id, for the clipboard. */
  id?: string
  to?: string
}

/** Pages of what is configured: they stand under the environments. */
const CONFIGURED = new Set(['policies', 'lifecycles', 'oncall', 'documents'])

const ID = /^[a-z]{3}_[0-9A-Za-z]{8,}$/

/** "rel_...52MY": enough to tell two apart; the page's title says the name. */
function shortId(id: string): string {
  return `${id.slice(0, 4)}…${id.slice(-6)}`
}

/** The way to a page: its room as the menu names it, what it is about, and the part of that. */
export function crumbsOf(path: string): Crumb[] {
  const [first = '', ...rest] = path.split('/').filter(Boolean).map(decodeURIComponent)
  const known = ACTIONS.find((action) => action.group !== undefined && action.to === `/${first}`)
  const room: Crumb =
    CONFIGURED.has(first)
      ? { text: 'Environments', to: '/environments' }
      : first === 'templates'
        ? { text: 'Components', to: '/components' }
      : first === 'advisories'
        ? { text: 'Findings', to: '/findings' }
        : { text: known?.label ?? first, to: `/${first}` }
  const parts = rest.map((part, index): Crumb => {
    const crumb: Crumb = ID.test(part) ? { text: shortId(part), id: part } : { text: part.replace(/^\+/, '') }
    return index === 0 && rest.length > 1 ? { ...crumb, to: `/${first}/${encodeURIComponent(part)}` } : crumb
  })
  return [room, ...parts]
}
