import { Link } from '@tanstack/react-router'
import type { ReleasePreview } from '../../api/types'
import { paths } from '../../paths'
import { Digest } from '../../widgets/Copy'
import { Icon } from '../../widgets/Icon'
import { type Column, Table } from '../../widgets/Table'
import { originText } from '../../release/component'
import { count } from '../../words/text'
import style from './Component.module.css'

type Picked = ReleasePreview['components'][number]

const COLUMNS: readonly Column<Picked>[] = [
  { key: 'component', head: 'Component', cell: ({ component }) => <span className="strong">{component}</span> },
  {
    key: 'version',
    head: 'Version',
    cell: (one) => (
      <span title={one.image}>
        {one.version} <span className="muted">{originText(one)}</span>
      </span>
    ),
  },
  {
    key: 'digest',
    head: 'Before and after',
    cell: ({ before, digest }) => (
      <span className="row">
        {before !== null && before !== digest && (
          <>
            <Digest value={before} label="digest before" />
            <Icon name="arrow-right" size={14} />
          </>
        )}
        <Digest value={digest} label="digest that would be sealed" />
      </span>
    ),
  },
  {
    key: 'word',
    head: 'So it',
    cell: ({ before, digest }) => (before === null ? 'is new' : before === digest ? <span className="muted">stays</span> : 'changes'),
  },
]

/** What would be sealed, beside the last release of that name. */
export function WouldSeal({ preview }: { preview: ReleasePreview }) {
  const { name, version, before, components, gone } = preview
  const changed = components.filter((one) => one.before !== one.digest).length + gone.length
  return (
    <>
      <p className={`row wrap ${style.note}`}>
        {before === null ? (
          <span className="muted">The first release of this name:</span>
        ) : (
          <>
            <Link {...paths.release(before.id)}>
              {before.name} {before.version}
            </Link>
            <Icon name="arrow-right" size={14} />
          </>
        )}
        <span className="strong">
          {name} {version}
        </span>
        {before !== null && (
          <span className="muted">
            {changed === 0 ? 'the same images as before' : `${count(changed, 'component')} of ${components.length + gone.length} change`}
          </span>
        )}
      </p>
      <Table label="What would be sealed" rows={components} rowKey={({ component }) => component} columns={COLUMNS} />
      {gone.length > 0 && <p className={`tone-wait ${style.note}`}>In it no more: {gone.join(', ')}</p>}
    </>
  )
}
