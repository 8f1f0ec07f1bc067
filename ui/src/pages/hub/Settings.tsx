import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Contribution, Integration } from '../../api/types'
import { namedBy } from '../../hub/reference'
import { titleOf } from '../../hub/schema'
import { paths } from '../../paths'
import { Command } from '../../widgets/Copy'
import { Pairs, Panel } from '../../widgets/Panel'
import { Time } from '../../widgets/Time'
import { isObject, objectOf } from '../../words/object'
import { Due } from './Due'
import style from './Hub.module.css'

const textsOf = (value: unknown) => (Array.isArray(value) ? value.map(String) : [])

interface Props {
  integration: Integration
  /** What its plugin says of it; nothing where the plugin is gone. */
  brought: Contribution | undefined
}

/** What it was told, as it stands; a credential is where the secret lies, never the secret. */
export function Settings({ integration, brought }: Props) {
  const { spec } = integration
  const config = Object.entries(objectOf(spec.config))
  const credentials = Object.entries(objectOf(spec.credentials))
  const properties = objectOf(brought?.configSchema.properties)
  const reach: [string, ReactNode][] = [
    ['Hosts', <Values key="hosts" of={textsOf(spec.hosts)} none="its endpoint only" />],
    ['Networks', <Values key="networks" of={textsOf(spec.networks)} none="no private network" />],
  ]
  if (typeof spec.proxy === 'string') reach.push(['Proxy', <code key="proxy">{spec.proxy}</code>])
  if (typeof spec.ca === 'string') {
    reach.push([
      'Authority',
      <details key="ca">
        <summary className="muted">An own one, in PEM</summary>
        <Command text={spec.ca} label="the own authority" />
      </details>,
    ])
  }
  return (
    <>
      <Panel title="Credentials">
        {credentials.length === 0 ? (
          <p className="muted">None: it is used without.</p>
        ) : (
          <Pairs
            of={credentials.map(([name, reference]) => [
              brought?.credentials.find((one) => one.name === name)?.title ?? name,
              <Reference key={name} text={String(reference)} />,
            ])}
          />
        )}
      </Panel>
      <Panel title={`Settings of ${integration.title}`}>
        {config.length === 0 ? (
          <p className="muted">All as they are by default.</p>
        ) : (
          <Pairs
            of={config.map(([key, value]) => [
              String(objectOf(properties[key]).title ?? titleOf(key)),
              <Value key={key} of={value} />,
            ])}
          />
        )}
      </Panel>
      {brought?.schemes.length !== 0 && (
        <Panel title="What it may reach">
          <Pairs of={reach} />
        </Panel>
      )}
    </>
  )
}

function Value({ of }: { of: unknown }) {
  if (typeof of === 'boolean') return of ? 'yes' : 'no'
  if (typeof of === 'string') return <code>{of}</code>
  if (isObject(of)) return <Command text={JSON.stringify(of, null, 2)} label="the value" />
  return <code>{JSON.stringify(of)}</code>
}

function Values({ of, none }: { of: readonly string[]; none: string }) {
  if (of.length === 0) return <span className="muted">{none}</span>
  return (
    <span className={style.values}>
      {of.map((one) => (
        <code key={one}>{one}</code>
      ))}
    </span>
  )
}

function Reference({ text }: { text: string }) {
  const named = namedBy(text)
  if (named === undefined) return <code>{text}</code>
  const to = named.kind === 'secret' ? paths.secrets({ q: named.name }) : paths.integration(named.name)
  return (
    <Link {...to}>
      <code>{text}</code>
    </Link>
  )
}

/** By whom, where and how much. */
export function Bounds({ integration }: { integration: Integration }) {
  const { spec, revision, changedAt, usedAt, enabled } = integration
  const perSecond = Number(spec.requestsPerS ?? 0)
  return (
    <Panel title="About">
      <Pairs
        of={[
          ['Is', enabled ? 'switched on' : <span key="off" className="strong">switched off</span>],
          ['For', textsOf(spec.roles).join(', ') || <span key="all" className="muted">every role</span>],
          ['Environments', textsOf(spec.environments).join(', ') || <span key="each" className="muted">every one</span>],
          ['One call', `${String(spec.timeoutS ?? '')} s at most`],
          ['Requests', perSecond === 0 ? <span key="all" className="muted">no limit</span> : `${perSecond} a second at most`],
          ['New credentials', <Due key="due" of={integration} />],
          ['Last used', usedAt === null ? <span key="never" className="muted">never</span> : <Time key="used" at={usedAt} />],
          ['Changed', <span key="changed"><Time at={changedAt} />, revision {revision}</span>],
        ]}
      />
    </Panel>
  )
}
