import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useCallback } from 'react'
import { releaseComponentsQuery, templatesQuery } from '../../api/components'
import { useWhyNot } from '../../api/session'
import type { ReleaseComponentDocument, ReleaseTemplate } from '../../api/types'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { componentText } from '../../release/component'
import { ActionButton } from '../../widgets/ActionButton'
import { CommandHint } from '../../widgets/Dialog'
import { Empty } from '../../widgets/Empty'
import { Filters, SearchBox } from '../../widgets/Filters'
import { Icon } from '../../widgets/Icon'
import { PageHead } from '../../widgets/Panel'
import { type Column, Table } from '../../widgets/Table'
import { count, holds } from '../../words/text'
import style from './Component.module.css'

const route = getRouteApi('/shell/components')

const none = (text: string) => <span className="muted">{text}</span>

const COLUMNS: readonly Column<ReleaseComponentDocument>[] = [
  {
    key: 'name',
    head: 'Component',
    cell: ({ name }) => (
      <Link {...paths.component(name)} className="strong">
        {name}
      </Link>
    ),
  },
  {
    key: 'image',
    head: 'Repository',
    cell: ({ image, mirrors }) => (
      <span className="row wrap">
        <code>{image}</code>
        {mirrors.length > 0 && <span className="muted">and {count(mirrors.length, 'mirror')}</span>}
      </span>
    ),
  },
  {
    key: 'versions',
    head: 'Versions',
    cell: ({ versions: { tag, range } }) => (
      <span className="row wrap">
        <code>{tag}</code>
        {range === '' ? none('any') : <code>{range}</code>}
      </span>
    ),
  },
  {
    key: 'channels',
    head: 'Channels',
    cell: ({ name, channels }) => {
      const names = Object.keys(channels)
      if (names.length === 0) return none('none')
      return (
        <span className="row wrap">
          {names.map((channel) => (
            <Link key={channel} {...paths.component(name, { channel })}>
              {channel}
            </Link>
          ))}
        </span>
      )
    },
  },
  { key: 'platforms', head: 'Platforms', cell: ({ platforms }) => (platforms.length === 0 ? none('any') : platforms.join(', ')) },
]

const TEMPLATE_COLUMNS: readonly Column<ReleaseTemplate>[] = [
  {
    key: 'name',
    head: 'Template',
    cell: ({ name }) => (
      <Link {...paths.template(name)} className="strong">
        {name}
      </Link>
    ),
  },
  { key: 'version', head: 'Version of its releases', cell: ({ version }) => <code>{version}</code> },
  { key: 'components', head: 'Takes', cell: ({ components }) => components.map(({ component }) => component).join(', ') },
  { key: 'channel', head: 'Channel', cell: ({ channel }) => channel || none('none') },
]

/** Where images lie and which of their tags are versions, and by what releases are made of them. */
export function ComponentsPage() {
  const { q = '' } = route.useSearch()
  const navigate = useNavigate()
  const whyNot = useWhyNot('environment.change')
  const all = useSuspenseQuery(releaseComponentsQuery).data.items
  const templates = useSuspenseQuery(templatesQuery).data.items
  const rows = all.filter((one) => holds(componentText(one), q))
  const onSearch = useCallback(
    (text: string) => void navigate({ ...paths.components({ q: text }), replace: true }),
    [navigate],
  )
  const add = (
    <ActionButton whyNot={whyNot} leftSection={<Icon name="plus" />} onClick={() => void navigate(paths.newComponent())}>
      Add a component
    </ActionButton>
  )
  if (all.length === 0) {
    return (
      <>
        <PageHead title="Components" sub="Where images lie, and which of their tags are versions" />
        <Empty icon="box" title="No components yet" command={commands.firstComponent()} action={add}>
          A release can always be made by hand. A component says once where its images lie, so that a template finds the
          newest version by itself.
        </Empty>
      </>
    )
  }
  return (
    <>
      <PageHead title="Components" sub="Where images lie, and which of their tags are versions" actions={add} />
      <Filters>
        <SearchBox label="Name, channel or repository" value={q} onChange={onSearch} />
        <span className="grow" />
        <CommandHint command={commands.components()} />
      </Filters>
      {rows.length === 0 ? (
        <Empty icon="filter" title="No component fits">
          There is none with “{q}” in its name, channels or repositories.
        </Empty>
      ) : (
        <Table label="Components" rows={rows} rowKey={({ name }) => name} columns={COLUMNS} fill />
      )}
      <section className={style.templates} aria-label="Templates">
        <h2>Templates: how releases are made of them</h2>
        {templates.length === 0 ? (
          <p className="muted">None yet. A template picks a version of each component and seals them under its next number.</p>
        ) : (
          <Table label="Templates" rows={templates} rowKey={({ name }) => name} columns={TEMPLATE_COLUMNS} fill />
        )}
      </section>
    </>
  )
}
