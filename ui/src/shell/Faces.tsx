import { useQueryErrorResetBoundary } from '@tanstack/react-query'
import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router'
import { problemFrom } from '../api/refused'
import { paths } from '../paths'
import { Empty } from '../widgets/Empty'
import { Refusal } from '../widgets/Refusal'
import style from './Shell.module.css'

/** What stands in the place of a page that the server refused. */
export function PageRefused({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  const boundary = useQueryErrorResetBoundary()
  return (
    <div className={style.face}>
      <Refusal
        heading="h1"
        problem={problemFrom(error)}
        onRetry={() => {
          boundary.reset()
          reset()
          void router.invalidate()
        }}
      />
    </div>
  )
}

export function NotThere() {
  return (
    <Empty heading="h1" icon="map-pin" title="There is no such page" action={<Link {...paths.matrix()}>Go to the matrix</Link>}>
      The address may be cut off, or what it named is gone.
    </Empty>
  )
}
