import { ActionIcon, Menu, useMantineColorScheme } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { api, take } from '../api/client'
import type { LiveState } from '../api/live'
import { useMe } from '../api/session'
import { paths } from '../paths'
import { Icon } from '../widgets/Icon'
import { type Look, State } from '../widgets/State'
import { useZone } from '../widgets/Time'
import { Crumbs } from './Crumbs'
import style from './TopBar.module.css'

const LIVE: Readonly<Record<LiveState, Look>> = {
  connecting: { tone: 'idle', icon: 'loader-2', word: 'Connecting', spin: true },
  live: { tone: 'good', icon: 'bolt', word: 'Live' },
  reconnecting: { tone: 'wait', icon: 'loader-2', word: 'Reconnecting', spin: true },
}

const OLD = 'The stream of facts is cut: what you see may be old'

const SCHEMES = [
  ['auto', 'As the system', 'device-desktop'],
  ['light', 'Light', 'sun'],
  ['dark', 'Dark', 'moon'],
] as const

interface Props {
  live: LiveState
  openPalette: () => void
  openHelp: () => void
}

export function TopBar({ live, openPalette, openHelp }: Props) {
  return (
    <header className={style.bar}>
      <Crumbs />
      <button type="button" className={style.find} onClick={openPalette}>
        <Icon name="search" size={14} />
        <span>Go to or do anything</span>
        <kbd>Ctrl K</kbd>
      </button>
      <span className={style.live} role="status" title={live === 'live' ? undefined : OLD}>
        <State look={LIVE[live]} />
      </span>
      <ZoneSwitch />
      <SchemeMenu />
      <ActionIcon className={style.help} onClick={openHelp} aria-label="Keyboard help" title="Keyboard help (?)">
        <Icon name="keyboard" size={18} />
      </ActionIcon>
      <UserMenu />
    </header>
  )
}

function ZoneSwitch() {
  const [zone, setZone] = useZone()
  return (
    <button
      type="button"
      className={style.zone}
      aria-pressed={zone === 'utc'}
      title="Whether exact times are shown in UTC or in your zone"
      onClick={() => setZone(zone === 'utc' ? 'local' : 'utc')}
    >
      <Icon name="clock" size={14} />
      {zone === 'utc' ? 'UTC' : 'Local'}
    </button>
  )
}

function SchemeMenu() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const now = SCHEMES.find(([scheme]) => scheme === colorScheme) ?? SCHEMES[0]
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <ActionIcon aria-label="Colours" title="Colours">
          <Icon name={now[2]} size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {SCHEMES.map(([scheme, label, icon]) => (
          <Menu.Item
            key={scheme}
            leftSection={<Icon name={icon} />}
            rightSection={scheme === colorScheme ? <Icon name="check" size={14} /> : undefined}
            onClick={() => setColorScheme(scheme)}
          >
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

function UserMenu() {
  const { user } = useMe()
  const client = useQueryClient()
  const router = useRouter()
  const signOut = async () => {
    await take(api.POST('/api/v1/logout')).catch(() => undefined)
    await router.navigate(paths.signIn())
    client.clear()
  }
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <button type="button" className={style.user}>
          <Icon name="user" />
          <span>{user.name}</span>
          <Icon name="chevron-down" size={13} />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{user.roles.join(', ') || 'no role'}</Menu.Label>
        <Menu.Item leftSection={<Icon name="key" />} onClick={() => void router.navigate(paths.access())}>
          Users and tokens
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="logout" />} onClick={() => void signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
