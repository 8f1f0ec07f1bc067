import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Outlet, useRouter } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useEffect, useState } from 'react'
import { followFacts, type LiveState } from '../api/live'
import { versionQuery } from '../api/queries'
import { part } from '../part'
import { Icon } from '../widgets/Icon'
import { SideBar } from './SideBar'
import { TopBar } from './TopBar'
import { useKeys } from './useKeys'
import style from './Shell.module.css'

const loadPalette = () => part(() => import('./Palette')).then((module) => ({ default: module.Palette }))
const Palette = lazy(loadPalette)
/** After the page is there, before anybody asks: whoever opens it types at once. */
const PALETTE_AFTER_MS = 1500
const Help = lazy(() => part(() => import('./Help')).then((module) => ({ default: module.Help })))

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
  const router = useRouter()
  useEffect(
    () =>
      followFacts(client, (state) => {
        setLive(state)
        // A page that was refused while the line was down tries again by itself.
        if (state === 'live') void router.invalidate({ filter: (match) => match.status === 'error' })
      }),
    [client, router],
  )
  useEffect(() => {
    const timer = setTimeout(() => void loadPalette().catch(() => undefined), PALETTE_AFTER_MS)
    return () => clearTimeout(timer)
  }, [])
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
    <section className={style.simulated} aria-label="Simulated">
      <Icon name="flask" />
      <span>
        <strong>Simulated.</strong> Hosts and registry of this server are stand-ins: nothing here runs anywhere.
      </span>
    </section>
  )
}
