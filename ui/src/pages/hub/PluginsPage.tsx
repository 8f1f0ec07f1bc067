import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { pluginsQuery } from '../../api/queries'
import { useWhyNot } from '../../api/session'
import type { Plugin } from '../../api/types'
import { capabilityWord, kindWithin } from '../../hub/states'
import { paths } from '../../paths'
import { ActionButton } from '../../widgets/ActionButton'
import { Empty } from '../../widgets/Empty'
import { Filters, SearchBox } from '../../widgets/Filters'
import { Icon } from '../../widgets/Icon'
import { PageHead } from '../../widgets/Panel'
import { type Look, State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { holds } from '../../words/text'
import { type PluginDialog, PluginDialogs } from './PluginDialogs'
import { PluginMore } from './PluginMore'
import style from './Plugins.module.css'

const route = getRouteApi('/shell/plugins')

const STATE: Readonly<Record<string, Look>> = {
  loaded: { tone: 'good', icon: 'circle-check', word: 'Loaded' },
  off: { tone: 'idle', icon: 'ban', word: 'Switched off' },
  refused: { tone: 'bad', icon: 'hand-stop', word: 'Refused' },
}

/** What plugs in, what it asks for and what it brings; what is refused, with every reason. */
export function PluginsPage() {
  const { q = '', open } = route.useSearch()
  const navigate = useNavigate()
  const mayNot = useWhyNot('plugin.change')
  const [asking, setAsking] = useState<PluginDialog>()
  const all = useSuspenseQuery(pluginsQuery).data.items
  const rows = all.filter((one) =>
    holds([one.name, one.title, one.publisher, one.state, ...one.contributes.map(({ kind, title }) => `${kind} ${title}`)].join(' '), q),
  )
  const onSearch = useCallback(
    (text: string) => void navigate({ ...paths.plugins({ q: text }), replace: true }),
    [navigate],
  )
  const onToggle = (name: string) =>
    void navigate({ ...paths.plugins({ q, ...(open === name ? {} : { open: name }) }), replace: true })
  return (
    <>
      <PageHead
        title="Plugins"
        sub="What the server can reach and deploy to; each says beforehand what it asks for"
        actions={
          <ActionButton whyNot={mayNot} leftSection={<Icon name="plus" />} onClick={() => setAsking({ kind: 'install' })}>
            Install a plugin
          </ActionButton>
        }
      />
      {all.length === 0 ? (
        <Empty icon="puzzle" title="No plugins">
          Not even those of the base install: it is broken. Install it anew.
        </Empty>
      ) : (
        <Filters>
          <SearchBox label="Name, publisher or what it brings" value={q} onChange={onSearch} />
        </Filters>
      )}
      {rows.length > 0 && (
        <Table
          label="Plugins"
          rows={rows}
          rowKey={({ name }) => name}
          columns={columns(open, onToggle)}
          detail={(plugin) =>
            plugin.name === open || plugin.state === 'refused' ? (
              <PluginMore plugin={plugin} isOpen={plugin.name === open} onAsk={setAsking} />
            ) : null
          }
          fill
        />
      )}
      {all.length > 0 && rows.length === 0 && (
        <Empty icon="filter" title="No plugin is like that">
          There is none with “{q}” in its name, publisher or what it brings.
        </Empty>
      )}
      {asking && <PluginDialogs open={asking} close={() => setAsking(undefined)} />}
    </>
  )
}

const unknown = <span className="muted">unknown</span>

function columns(open: string | undefined, onToggle: (name: string) => void): readonly Column<Plugin>[] {
  return [
    {
      key: 'name',
      head: 'Plugin',
      cell: ({ name, title }) => (
        <button type="button" className={`plain ${style.toggle}`} aria-expanded={open === name} onClick={() => onToggle(name)}>
          <Icon name={open === name ? 'chevron-down' : 'chevron-right'} size={14} />
          <span>
            <span className="strong">{name}</span>
            {title && <span className={`muted small ${style.title}`}>{title}</span>}
          </span>
        </button>
      ),
    },
    { key: 'state', head: 'State', cell: ({ state }) => <State look={STATE[state] ?? { tone: 'open', icon: 'help-circle', word: state }} /> },
    { key: 'version', head: 'Version', cell: ({ version }) => version ?? <span className="muted">none used</span> },
    { key: 'publisher', head: 'Publisher', cell: ({ publisher }) => publisher ?? unknown },
    {
      key: 'needs',
      head: 'Asks for',
      cell: ({ needs, title }) =>
        // Of one whose manifest cannot be read nothing is known.
        title === null || title === undefined
          ? unknown
          : needs.map(({ capability }) => capabilityWord(capability)).join(', ') || <span className="muted">nothing</span>,
    },
    {
      key: 'brings',
      head: 'Brings',
      cell: ({ contributes }) =>
        contributes.length === 0 ? (
          <span className="muted">nothing</span>
        ) : (
          contributes.map(({ kind, title }) => `${title} (${kindWithin(kind)})`).join(', ')
        ),
    },
  ]
}
