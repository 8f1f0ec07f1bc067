import { NativeSelect } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { lifecycleQuery } from '../../api/lifecycles'
import { releasesQuery } from '../../api/queries'
import { usePages } from '../../api/usePages'
import { commands } from '../../commands'
import { takenBy } from '../../environment/lifecycle'
import { paths } from '../../paths'
import { CommandHint } from '../../widgets/Dialog'
import { EditLink } from '../../widgets/EditLink'
import { PageHead, Pairs, Panel } from '../../widgets/Panel'
import { Phases } from './Phases'

const route = getRouteApi('/shell/lifecycles/$name')

/** The way that releases of a channel go, and where one of them stands. */
export function LifecyclePage() {
  const { name } = route.useParams()
  const { release } = route.useSearch()
  const navigate = useNavigate()
  const lifecycle = useSuspenseQuery(lifecycleQuery(name, release)).data
  const { rows } = usePages(releasesQuery())
  const { hotfix } = lifecycle
  return (
    <>
      <PageHead
        title={name}
        sub={<span>Lifecycle, {takenBy(lifecycle)}</span>}
        actions={<EditLink kind="Lifecycle" name={name} />}
      />
      <Panel title="Phases" side={<CommandHint command={commands.lifecycle(name, release)} />}>
        <div className="stack">
          <NativeSelect
            label="Where does it stand"
            value={release ?? ''}
            onChange={(event) =>
              void navigate({ ...paths.lifecycle(name, { release: event.currentTarget.value || undefined }), replace: true })
            }
            data={[
              { value: '', label: 'No release' },
              ...(release && !rows.some(({ id }) => id === release) ? [{ value: release, label: release }] : []),
              ...rows.map(({ id, name: of, version }) => ({ value: id, label: `${of} ${version}` })),
            ]}
          />
          <Phases lifecycle={lifecycle} />
        </div>
      </Panel>
      <Panel title="About">
        <Pairs
          of={[
            ['Channels', lifecycle.channels.join(', ') || <span key="channels" className="muted">none</span>],
            ['Default', lifecycle.default ? 'yes, of releases that no other takes' : 'no'],
            [
              'Hotfixes',
              hotfix === null ? (
                <span key="hotfix" className="muted">
                  no way for them
                </span>
              ) : (
                `may leave out ${hotfix.skip.join(', ')}: ${[
                  ...hotfix.channels.map((channel) => `releases of ${channel}`),
                  ...(hotfix.by.length > 0 ? [`whoever of ${hotfix.by.join(', ')} asks, with a reason`] : []),
                ].join('; ')}`
              ),
            ],
            ['Kept by', lifecycle.owner ?? <span key="owner" className="muted">nobody in particular</span>],
          ]}
        />
      </Panel>
    </>
  )
}
