import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { releaseComponentQuery, releasesWithQuery, templatesQuery } from '../../api/components'
import { useWhyNot } from '../../api/session'
import type { Release, ReleaseComponentDocument, ReleaseTemplate } from '../../api/types'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { RELEASE } from '../../release/scans'
import { ruleText } from '../../release/component'
import { ActionButton } from '../../widgets/ActionButton'
import { Digest } from '../../widgets/Copy'
import { CommandHint } from '../../widgets/Dialog'
import { PageHead, Pairs, Panel } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import style from './Component.module.css'
import { RunsIn } from './RunsIn'
import { Versions } from './Versions'

const route = getRouteApi('/shell/components/$name')

/** What a component is, the versions that there are of it, who took which, and what runs where. */
export function ComponentPage() {
  const { name } = route.useParams()
  const { channel = '' } = route.useSearch()
  const navigate = useNavigate()
  const whyNot = useWhyNot('environment.change')
  const component = useSuspenseQuery(releaseComponentQuery(name)).data
  const releases = useSuspenseQuery(releasesWithQuery(name)).data
  const templates = useSuspenseQuery(templatesQuery).data.items.filter(({ components }) =>
    components.some((one) => one.component === name),
  )
  return (
    <>
      <PageHead
        title={name}
        sub={
          <span>
            Component of <code>{component.image}</code>
          </span>
        }
        actions={
          <ActionButton variant="default" whyNot={whyNot} onClick={() => void navigate(paths.changeComponent(name))}>
            Change it
          </ActionButton>
        }
      />
      <div className="split">
        <div className="stack">
          <Versions component={component} channel={channel} releases={releases.items} />
          <TookIt name={name} releases={releases.items} more={releases.next !== null} />
        </div>
        <div className="stack">
          <Places component={component} />
          <Rules component={component} />
          <Templates of={templates} />
        </div>
      </div>
    </>
  )
}

function TookIt({ name, releases, more }: { name: string; releases: readonly Release[]; more: boolean }) {
  const columns: readonly Column<Release>[] = [
    {
      key: 'release',
      head: 'Release',
      cell: (release) => (
        <Link {...paths.release(release.id)} className="strong">
          {release.name} {release.version}
        </Link>
      ),
    },
    { key: 'state', head: 'State', cell: ({ state }) => <State look={lookOf(RELEASE, state)} /> },
    {
      key: 'took',
      head: `Took of ${name}`,
      cell: ({ components }) => {
        const held = components.find((one) => one.name === name)
        if (held === undefined) return null
        return (
          <span className={style.sealed}>
            <Digest value={held.digest} label="sealed digest" />
            <code className="muted">{held.reference}</code>
          </span>
        )
      },
    },
    { key: 'runs', head: 'Runs in', cell: (release) => <RunsIn of={[release]} /> },
    {
      key: 'at',
      head: 'Sealed',
      cell: ({ createdAt }) => (
        <span className="muted">
          <Time at={createdAt} />
        </span>
      ),
    },
  ]
  return (
    <Panel title="Releases that took it" side={<CommandHint command={commands.releasesWith(name)} />} flush>
      {releases.length === 0 ? (
        <p className={`muted ${style.note}`}>None yet.</p>
      ) : (
        <Table label="Releases that took it" rows={releases} rowKey={({ id }) => id} columns={columns} />
      )}
      {more && <p className={`muted ${style.note}`}>These are the last {releases.length}; the command lists all.</p>}
    </Panel>
  )
}

function Places({ component }: { component: ReleaseComponentDocument }) {
  const { image, mirrors, platforms } = component
  return (
    <Panel title="Where its images lie">
      <Pairs
        of={[
          ['Repository', <code key="image">{image}</code>],
          [
            'Mirrors',
            mirrors.length === 0 ? (
              <span key="mirrors" className="muted">
                none
              </span>
            ) : (
              <span key="mirrors" className="stack tight" title="Asked in this order where those before do not answer">
                {mirrors.map((one) => (
                  <code key={one}>{one}</code>
                ))}
              </span>
            ),
          ],
          ['Platforms', platforms.length === 0 ? 'any' : `each of ${platforms.join(', ')}`],
        ]}
      />
    </Panel>
  )
}

function Rules({ component }: { component: ReleaseComponentDocument }) {
  const { versions, channels } = component
  return (
    <Panel title="Which tags are versions">
      <div className={style.rules}>
        <p className={style.wide}>{ruleText(versions)}</p>
        {Object.entries(channels).map(([name, rule]) => (
          <section key={name} className="stack tight" aria-label={`Channel ${name}`}>
            <h3>
              <Link {...paths.component(component.name, { channel: name })}>{name}</Link>
            </h3>
            <p className={style.wide}>{ruleText(rule)}</p>
            {rule.image !== null && [rule.image, ...rule.mirrors].map((one) => <code key={one}>{one}</code>)}
          </section>
        ))}
      </div>
    </Panel>
  )
}

function Templates({ of }: { of: readonly ReleaseTemplate[] }) {
  return (
    <Panel title="Make a release from it">
      {of.length === 0 ? (
        <p className="muted">No template takes it.</p>
      ) : (
        <ul className="stack near">
          {of.map(({ name, components }) => (
            <li key={name}>
              <Link {...paths.template(name)} className="strong">
                {name}
              </Link>{' '}
              <span className="muted">takes {components.map(({ component }) => component).join(', ')}</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}
