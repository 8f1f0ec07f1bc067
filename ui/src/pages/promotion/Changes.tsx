import { Link } from '@tanstack/react-router'
import type { Diff, ReleaseRef } from '../../api/types'
import { paths } from '../../paths'
import { Digest } from '../../widgets/Copy'
import { Icon } from '../../widgets/Icon'
import { Panel } from '../../widgets/Panel'
import { count } from '../../words/text'
import style from './Changes.module.css'

interface Props {
  diff: Diff
  to: ReleaseRef
  environment: string
}

/** What will change in the environment, seen before anybody confirms it. */
export function Changes({ diff, to, environment }: Props) {
  const changed = diff.components.filter((component) => component.changed)
  return (
    <Panel
      title="What will change"
      side={
        diff.from && diff.from.id !== to.id ? (
          <Link {...paths.releaseDiff(diff.from.id, to.id)}>Packages and findings that differ</Link>
        ) : undefined
      }
      flush
    >
      <p className={style.line}>
        {diff.from ? (
          <>
            <span className="strong">
              {diff.from.name} {diff.from.version}
            </span>
            <Icon name="arrow-right" size={14} />
          </>
        ) : (
          <span className="muted">First release in {environment}:</span>
        )}
        <span className="strong">
          {to.name} {to.version}
        </span>
        <span className="muted">
          {changed.length === 0
            ? 'no image differs'
            : `${changed.length} of ${count(diff.components.length, 'component')} change`}
        </span>
      </p>
      <ul>
        {diff.components.map((component) => (
          <li key={component.name} className={style.component} data-same={!component.changed || undefined}>
            <span className={style.name}>{component.name}</span>
            <span className={style.digests}>
              {component.from ? (
                <Digest value={component.from} label="digest now" />
              ) : (
                <span className="muted">not there</span>
              )}
              <Icon name="arrow-right" size={14} />
              {component.to ? (
                <Digest value={component.to} label="digest after" />
              ) : (
                <span className="tone-wait strong">removed</span>
              )}
            </span>
            <span className="muted">{component.changed ? 'changes' : 'stays'}</span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
