import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Outlet } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useEffect, useState } from 'react'
import { followFacts, type LiveState } from '../api/live'
import { versionQuery } from '../api/queries'
import { Icon } from '../widgets/Icon'
import { SideBar } from './SideBar'
import { TopBar } from './TopBar'
import { useKeys } from './useKeys'
import style from './Shell.module.css'

const Palette = lazy(() => import('./Palette').then((module) => ({ default: module.Palette })))
const Help = lazy(() => import('./Help').then((module) => ({ default: module.Help })))

type Above = 'nothing' | 'palette' | 'help'

/** What stands around every page. */
export function Shell() {
  const client = useQueryClient()
  const version = useSuspenseQuery(versionQuery).data
  const [live, setLive] = useState<LiveState>('connecting')
  const [above, setAbove] = useState<Above>('nothing')
  const openPalette = useCallback(() => setAbove('palette'), [])
  const openHelp = useCallback(() => setAbove('help'), [])
  const close = useCallback(() => setAbove('nothing'), [])
  useEffect(() => followFacts(client, setLive), [client])
  useKeys({ openPalette, openHelp })
  return (
    <div className={style.shell}>
      <a href="#main" className={style.skip}>
        Skip to the page
      </a>
      <SideBar version={version} />
      <div className={style.right}>
        <TopBar live={live} openPalette={openPalette} openHelp={openHelp} />
        {version.simulated && <Simulated />}
        <main id="main" className={style.main} tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      <Suspense>
        {above === 'palette' && <Palette close={close} />}
        {above === 'help' && <Help close={close} />}
      </Suspense>
    </div>
  )
}

/** Nobody shall take a pretended deployment for a real one. */
function Simulated() {
  return (
    <div className={style.simulated} role="note">
      <Icon name="flask" />
      <span>
        <strong>Simulated.</strong> Hosts and registry of this server are stand-ins: nothing here runs anywhere.
      </span>
    </div>
  )
}
