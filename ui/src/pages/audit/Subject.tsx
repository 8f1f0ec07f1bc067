import { Link } from '@tanstack/react-router'
import { paths } from '../../paths'
import { CopyButton } from '../../widgets/Copy'

const PAGES: Readonly<Record<string, (id: string) => { to: string }>> = {
  rel: paths.release,
  prm: paths.promotion,
  dep: (id) => paths.deployment(id),
  evd: paths.packet,
}

/** What a fact is about: a link where it has a page. */
export function Subject({ id }: { id: string }) {
  const page = PAGES[id.slice(0, 3)]
  const short = id.length > 20 ? `${id.slice(0, 4)}…${id.slice(-6)}` : id
  return (
    <span className="row" style={{ gap: 2 }} title={id}>
      {page && id[3] === '_' ? (
        <Link {...page(id)} className="mono">
          {short}
        </Link>
      ) : (
        <span className="mono">{short}</span>
      )}
      <CopyButton text={id} what="the id" />
    </span>
  )
}
