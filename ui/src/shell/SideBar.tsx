import { Link } from '@tanstack/react-router'
import type { Version } from '../api/types'
import { Icon } from '../widgets/Icon'
import { ACTIONS } from './actions'
import style from './SideBar.module.css'

const GROUPS = ['Now', 'Proof', 'Set-up'] as const

export function SideBar({ version }: { version: Version }) {
  return (
    <nav className={style.bar} aria-label="Pages">
      <Link to="/" className={style.brand} aria-label="Stella Ops, to the matrix">
        <Star />
        <span>Stella Ops</span>
      </Link>
      <div>
        {GROUPS.map((group) => (
          <section key={group} className={style.group}>
            <h2>{group}</h2>
            <ul>
              {ACTIONS.filter((action) => action.group === group).map((action) => (
                <li key={action.id}>
                  <Link
                    to={action.to ?? '/'}
                    className={style.link}
                    activeOptions={{ exact: action.to === '/', includeSearch: false }}
                    activeProps={{ 'data-active': true, 'aria-current': 'page' }}
                    title={action.label}
                  >
                    <Icon name={action.icon} size={17} />
                    <span>{action.label}</span>
                  </Link>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
      <p className={style.version}>
        Stella Ops {version.version}
      </p>
    </nav>
  )
}

export function Star({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <path
        fill="var(--star)"
        d="M16 2c1.200 8.200 5.800 12.800 14 14-8.200 1.200-12.800 5.800-14 14-1.200-8.200-5.800-12.800-14-14 8.200-1.200 12.800-5.800 14-14z"
      />
    </svg>
  )
}
