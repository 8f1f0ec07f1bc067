import { Link, useRouterState } from '@tanstack/react-router'
import { ACTIONS } from './actions'
import style from './Crumbs.module.css'

/** Where the reader is: the room, and the name or id within it. */
export function Crumbs() {
  const path = useRouterState({ select: (state) => state.location.pathname })
  const { room, rest } = crumbsOf(path)
  return (
    <nav aria-label="Where you are" className={style.crumbs}>
      {room !== undefined && rest.length > 0 && <Link to={room.to}>{room.label}</Link>}
      {room !== undefined && rest.length === 0 && <span className="strong">{room.label}</span>}
      {rest.map((part, index) => (
        <span key={part} className={style.part} aria-current={index === rest.length - 1 ? 'page' : undefined}>
          {part}
        </span>
      ))}
    </nav>
  )
}

interface Crumb {
  room: { label: string; to: string } | undefined
  rest: string[]
}

/** The crumbs of an address: its room as the menu names it, and what follows. */
export function crumbsOf(path: string): Crumb {
  const [first = '', ...rest] = path.split('/').filter(Boolean).map(decodeURIComponent)
  const known = ACTIONS.find((action) => action.group !== undefined && action.to === `/${first}`)
  if (known?.to !== undefined) return { room: { label: known.label, to: known.to }, rest }
  if (first === 'policies') return { room: { label: 'Environments', to: '/environments' }, rest: ['policy', ...rest] }
  return { room: undefined, rest: [first, ...rest] }
}
