import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useCallback } from 'react'
import { pluginsQuery } from '../../api/queries'
import type { Contribution, Plugin } from '../../api/types'
import { commands } from '../../commands'
import { capabilityWord, kindWord } from '../../hub/states'
import { paths } from '../../paths'
import { Command } from '../../widgets/Copy'
import { Empty } from '../../widgets/Empty'
import { Filters, SearchBox } from '../../widgets/Filters'
import { Icon } from '../../widgets/Icon'
import { PageHead } from '../../widgets/Panel'
import { type Look, State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { holds } from '../../words/text'
import style from './Plugins.module.css'

const route = getRouteApi('/shell/plugins')

const STATE: Readonly<Record<string, Look>> = {
  loaded: { tone: 'good', icon: 'circle-check', word: 'Loaded' },
  refused: { tone: 'bad', icon: 'hand-stop', word: 'Refused' },
}

/** What plugs in, what it asks for and what it brings; what is refused, with every reason. */
export function PluginsPage() {
  const { q = '', open } = route.useSearch()
  const navigate = useNavigate()
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
      <PageHead title="Plugins" sub="What the server can reach and deploy to; each says beforehand what it asks for" />
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
            plugin.name === open || plugin.state === 'refused' ? <More plugin={plugin} isOpen={plugin.name === open} /> : null
          }
          fill
        />
      )}
      {all.length > 0 && rows.length === 0 && (
        <Empty icon="filter" title="No plugin is like that">
          There is none with “{q}” in its name, publisher or what it brings.
        </Empty>
      )}
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
    { key: 'version', head: 'Version', cell: ({ version }) => version ?? unknown },
    { key: 'publisher', head: 'Publisher', cell: ({ publisher }) => publisher ?? unknown },
    {
      key: 'needs',
      head: 'Asks for',
      cell: ({ needs, state }) =>
        state === 'refused'
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
          contributes.map(({ kind, title }) => `${title} (${kindWord(kind).toLowerCase()})`).join(', ')
        ),
    },
  ]
}

function More({ plugin, isOpen }: { plugin: Plugin; isOpen: boolean }) {
  const hosts = plugin.needs.flatMap((need) => need.hosts)
  return (
    <div className={style.more}>
      {plugin.reasons.length > 0 && (
        <ul className={style.reasons} aria-label={`Why ${plugin.name} is refused`}>
          {plugin.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      {isOpen && (
        <>
          {hosts.length > 0 && (
            <p>
              <span className="muted">Of the network it asks for</span> <code>{hosts.join(', ')}</code>
            </p>
          )}
          {plugin.contributes.map((one) => (
            <Brought key={`${one.kind}/${one.name}`} one={one} />
          ))}
          <Command
            text={plugin.state === 'refused' ? commands.checkPlugin(plugin.name) : commands.showPlugin(plugin.name)}
            label="the same from a terminal"
          />
        </>
      )}
    </div>
  )
}

function Brought({ one }: { one: Contribution }) {
  return (
    <section className={style.brought} aria-label={one.title}>
      <div className="row wrap between">
        <h2>
          {one.title} <code className="muted">{`${one.kind}/${one.name}`}</code>
        </h2>
        {one.kind !== 'target' && <Link {...paths.newIntegration(`${one.kind}/${one.name}`)}>Add an integration with it</Link>}
      </div>
      {one.credentials.length > 0 && (
        <p>
          <span className="muted">Credentials:</span>{' '}
          {one.credentials.map(({ title, required }) => `${title}${required ? '' : ' (optional)'}`).join(', ')}
        </p>
      )}
      <details>
        <summary>Schema of its settings</summary>
        <Command text={JSON.stringify(one.configSchema, null, 2)} label={`the schema of ${one.name}`} />
      </details>
    </section>
  )
}
