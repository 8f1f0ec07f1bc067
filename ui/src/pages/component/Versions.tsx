import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { componentVersionsQuery, resolvedVersionQuery } from '../../api/components'
import { problemFrom } from '../../api/refused'
import { useWhyNot } from '../../api/session'
import type { ComponentVersion, Release, ReleaseComponentDocument } from '../../api/types'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { originText, placesOf, type Taken, takenBy } from '../../release/component'
import { Digest } from '../../widgets/Copy'
import { CommandHint } from '../../widgets/Dialog'
import { Choice } from '../../widgets/Filters'
import { Loading } from '../../widgets/Loading'
import { Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { count } from '../../words/text'
import style from './Component.module.css'
import { RunsIn } from './RunsIn'

interface Props {
  component: ReleaseComponentDocument
  channel: string
  releases: readonly Release[]
}

/** What its registry has of it now, by one of its rules. */
export function Versions({ component, channel, releases }: Props) {
  const navigate = useNavigate()
  // Asking in vain would be recorded as a refusal.
  const whyNot = useWhyNot('release.create')
  const { name } = component
  const channels = Object.keys(component.channels)
  const side = (
    <>
      {channels.length > 0 && (
        <Choice
          label="Channel"
          none="By its own rule"
          value={channel || undefined}
          options={channels.map((one) => [one, `Channel ${one}`])}
          onChange={(wanted) => void navigate({ ...paths.component(name, { channel: wanted }), replace: true })}
        />
      )}
      <CommandHint command={commands.componentVersions(name, channel)} />
    </>
  )
  return (
    <Panel title="Versions now" side={side} flush>
      {whyNot === undefined ? (
        <Found component={component} channel={channel} releases={releases} />
      ) : (
        <p className={`muted ${style.note}`}>Its registry is asked for those who make releases. {whyNot}.</p>
      )}
    </Panel>
  )
}

function Found({ component, channel, releases }: Props) {
  const { name } = component
  const found = useQuery(componentVersionsQuery(name, channel))
  if (found.isPending) return <Loading label="Asking its registry" lines={4} inset />
  if (found.error) {
    return (
      <div className={style.note}>
        <Refusal problem={problemFrom(found.error)} onRetry={() => void found.refetch()} />
      </div>
    )
  }
  const { versions, others, image, silent, more } = found.data
  const took = (version: ComponentVersion) => takenBy(name, placesOf(component, channel), version, releases)
  const columns: readonly Column<ComponentVersion>[] = [
    { key: 'version', head: 'Version', cell: ({ version }) => <span className="strong">{version}</span> },
    { key: 'from', head: 'From', cell: (version) => <Origin version={version} /> },
    {
      key: 'digest',
      head: 'Digest',
      width: '30%',
      cell: (version) => <Resolves component={name} channel={channel} version={version} took={took(version)} />,
    },
    { key: 'took', head: 'Taken by', cell: (version) => <TakenBy took={took(version)} /> },
    { key: 'runs', head: 'Runs in', cell: (version) => <RunsIn of={took(version).map(({ release }) => release)} /> },
  ]
  return (
    <>
      {silent.length > 0 && (
        <p className={`tone-wait ${style.note}`}>
          {silent.join(', ')} did not answer; these are of {image}.
        </p>
      )}
      {versions.length === 0 ? (
        <p className={`muted ${style.note}`}>
          No tag of <code>{image}</code> is a version by this rule; it has {count(others, 'other tag')}.
        </p>
      ) : (
        <Table label="Versions" rows={versions} rowKey={({ version, tag }) => `${version} ${tag}`} columns={columns} />
      )}
      {versions.length > 0 && (
        <p className={`muted small ${style.note}`}>
          {more && `The newest ${versions.length}. `}
          In <code>{image}</code>
          {others > 0 && `; ${count(others, 'other tag is', 'other tags are')} no version by this rule`}.
        </p>
      )}
    </>
  )
}

function Origin({ version }: { version: ComponentVersion }) {
  const { told } = version
  const text = originText(version)
  if (told === null) return <span className="muted">{text}</span>
  return (
    <span className="muted">
      {told.url === null ? (
        text
      ) : (
        <a href={told.url} target="_blank" rel="noreferrer">
          {text}
        </a>
      )}{' '}
      <Time at={told.at} />
    </span>
  )
}

function TakenBy({ took }: { took: readonly Taken[] }) {
  if (took.length === 0) return <span className="muted">none</span>
  return (
    <span className="row wrap">
      {took.map(({ release }) => (
        <Link key={release.id} {...paths.release(release.id)}>
          {release.name} {release.version}
        </Link>
      ))}
    </span>
  )
}

const MOVED = { tone: 'wait', icon: 'alert-triangle', word: 'moved since it was sealed' } as const

interface ResolvesProps {
  component: string
  channel: string
  version: ComponentVersion
  took: readonly Taken[]
}

/** The digest that was told or sealed; of a tag that nobody took, on demand what it names now. */
function Resolves({ component, channel, version, took }: ResolvesProps) {
  const [asked, setAsked] = useState(false)
  const now = useQuery({ ...resolvedVersionQuery(component, version.version, channel), enabled: asked })
  const known = version.told?.digest ?? took[0]?.digest
  const isMoved = took.some(({ moved }) => moved) || (now.data !== undefined && known !== undefined && now.data.digest !== known)
  return (
    <span className={style.sealed}>
      {known !== undefined && <Digest value={known} label={version.told ? 'told digest' : 'sealed digest'} />}
      {known !== undefined && <span className="muted">{version.told ? 'for good' : 'sealed'}</span>}
      {isMoved && <State look={MOVED} />}
      {now.data && now.data.digest !== known && <Digest value={now.data.digest} label="digest now" />}
      {now.data && <span className="muted">{now.data.platforms.join(', ')}</span>}
      {now.error && <span className="tone-bad">{problemFrom(now.error).title}</span>}
      {!now.data && (
        <button
          type="button"
          className="plain tone-busy"
          disabled={now.isFetching}
          aria-label={`Resolve now: ${version.version}`}
          onClick={() => (asked ? void now.refetch() : setAsked(true))}
        >
          {now.isFetching ? 'Asking' : 'Resolve now'}
        </button>
      )}
    </span>
  )
}
