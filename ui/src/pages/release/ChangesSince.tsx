import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { releaseChangesQuery } from '../../api/queries'
import type { CommitView, Release, SourceChanges } from '../../api/types'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { Panel } from '../../widgets/Panel'
import { type Look, State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import { count } from '../../words/text'
import style from './ChangesSince.module.css'

const SIGNATURE: Readonly<Record<string, Look>> = {
  good: { tone: 'good', icon: 'shield-check', word: 'signed' },
  bad: { tone: 'bad', icon: 'alert-triangle', word: 'bad signature' },
  none: { tone: 'idle', icon: 'circle-minus', word: 'not signed' },
  unknown: { tone: 'wait', icon: 'help-circle', word: 'signature unknown' },
}

/** What was committed since the release of its name before it, as far as images and integrations tell. */
export function ChangesSince({ release }: { release: Release }) {
  const asked = useQuery(releaseChangesQuery(release.id))
  const found = asked.data
  return (
    <Panel
      label="Changes"
      title={found?.since ? `Changes since ${found.since.name} ${found.since.version}` : 'Changes'}
      side={
        found?.since ? (
          <Link {...paths.releaseDiff(found.since.id, release.id)}>Packages and findings that differ</Link>
        ) : undefined
      }
    >
      {asked.isPending && <p className="muted">Asking where the sources lie…</p>}
      {asked.isError && <p className="muted">Unknown: the server did not say.</p>}
      {found && !found.since && <p className="muted">No release of that name was sealed before it.</p>}
      {found && (
        <ul className="stack">
          {found.components.map((component) => (
            <Component key={component.name} component={component} />
          ))}
        </ul>
      )}
    </Panel>
  )
}

function Component({ component }: { component: SourceChanges }) {
  const { commits } = component
  return (
    <li className="stack near">
      <span className="row wrap">
        <span className="strong">{component.name}</span>
        {component.source && <code className="muted">{component.source}</code>}
      </span>
      {!commits && <p className="muted">Unknown: {component.unknown}</p>}
      {commits?.commits.length === 0 && commits.dropped === 0 && (
        <p className="muted">Built from the same commit.</p>
      )}
      {commits && commits.commits.length > 0 && (
        <ul className={style.commits}>
          {commits.commits.map((commit) => (
            <Commit key={commit.id} commit={commit} />
          ))}
        </ul>
      )}
      {commits && !commits.isComplete && <p className="muted">And more before these.</p>}
      {commits && commits.dropped > 0 && (
        <p className="tone-wait">{count(commits.dropped, 'commit')} of the release before are in it no more.</p>
      )}
    </li>
  )
}

function Commit({ commit }: { commit: CommitView }) {
  const { signature } = commit
  return (
    <li className={style.commit}>
      <code title={commit.id}>{commit.id.slice(0, 12)}</code>
      <span className={style.title}>{commit.title}</span>
      <span className="muted">{commit.authorName}</span>
      <span title={signature.signer || signature.why || undefined}>
        <State look={lookOf(SIGNATURE, signature.state)} />
      </span>
      <Time at={commit.committedAt} />
    </li>
  )
}
