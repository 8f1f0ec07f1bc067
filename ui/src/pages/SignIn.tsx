import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { api, take } from '../api/client'
import { meQuery, versionQuery, waysQuery } from '../api/queries'
import { problemFrom } from '../api/refused'
import { Star } from '../shell/SideBar'
import { Refusal } from '../widgets/Refusal'
import style from './SignIn.module.css'

const route = getRouteApi('/sign-in')

/** Only an address of this console: `next` comes from the address bar, where anybody can write anything. */
export function safeNext(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/.test(next) ? next : '/'
}

/** Where a browser goes to sign in at a provider; it comes back to `next`. */
export function providerStart(name: string, next: string | undefined): string {
  return `/api/v1/session/oidc/${encodeURIComponent(name)}/start?backTo=${encodeURIComponent(safeNext(next))}`
}

/** What the server led a browser back with: a code alone, for anybody can write an address. */
function Returned({ code }: { code: string }) {
  const known = /^ST-[A-Z]{3}-\d{3}$/.test(code) ? code : ''
  return (
    <p role="alert" className="small">
      The sign-in was refused{known && ` (${known})`}. Try again; if it stays so, an administrator sees why in the
      audit.
    </p>
  )
}

export function SignIn() {
  const { next, refused } = route.useSearch()
  const ways = useQuery(waysQuery).data
  const router = useRouter()
  const client = useQueryClient()
  const version = useQuery(versionQuery).data
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const login = useMutation({
    mutationFn: () => take(api.POST('/api/v1/login', { body: { name: name.trim(), password } })),
    onSuccess: async () => {
      await client.fetchQuery({ ...meQuery, staleTime: 0 })
      await router.navigate({ href: safeNext(next), replace: true })
    },
  })
  return (
    <main className={style.page}>
      <form
        className={style.card}
        onSubmit={(event) => {
          event.preventDefault()
          login.mutate()
        }}
      >
        <div className={style.head}>
          <Star size={34} />
          <h1>Stella Ops</h1>
          <p className="muted">What runs where, what may go next, and the proof.</p>
        </div>
        <TextInput
          size="sm"
          label="Name"
          name="username"
          autoComplete="username"
          autoFocus
          required
          withAsterisk={false}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <PasswordInput
          size="sm"
          label="Password"
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {refused !== undefined && !login.isPending && <Returned code={refused} />}
        {login.error && <Refusal problem={problemFrom(login.error)} />}
        <Button type="submit" size="sm" loading={login.isPending} fullWidth>
          Sign in
        </Button>
        {ways?.providers.map((way) => (
          <Button key={way.name} component="a" href={providerStart(way.name, next)} size="sm" variant="default" fullWidth>
            Sign in with {way.title}
          </Button>
        ))}
        {ways?.directories === true && (
          <p className="muted small">A name and password of your company&apos;s directory count here as well.</p>
        )}
        <p className="muted small">
          The first start prints a name and a password. Lost them? On the server: <code>stella serve --reset-admin</code>
        </p>
      </form>
      <p className={style.foot}>
        {version ? `Stella Ops ${version.version}${version.simulated ? ', simulated' : ''}` : ' '}
      </p>
    </main>
  )
}
