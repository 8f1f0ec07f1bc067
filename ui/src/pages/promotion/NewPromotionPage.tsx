import { Checkbox, NativeSelect } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { environmentsQuery, releasesQuery } from '../../api/queries'
import { usePages } from '../../api/usePages'
import { paths } from '../../paths'
import { chosenIn, inOrder } from '../../promotion/verdicts'
import { Empty } from '../../widgets/Empty'
import { PageHead, Panel } from '../../widgets/Panel'
import type { Asking } from './asking'
import { Previews } from './Previews'
import { RequestForm } from './RequestForm'

const route = getRouteApi('/shell/promotions/new')

/** Ask for a release in one environment or several; what would happen is shown before anything is asked for. */
export function NewPromotionPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const environments = useSuspenseQuery(environmentsQuery).data.items.toSorted((a, b) => a.order - b.order)
  const { rows } = usePages(releasesQuery())
  const releases = rows.filter(({ state }) => state === 'sealed')
  const release = releases.find(({ id }) => id === search.release)
  const chosen = inOrder(chosenIn(search.environment), environments)
  const asking: Asking | undefined =
    search.release && chosen.length > 0
      ? { release: search.release, environments: chosen, hotfix: search.hotfix !== undefined, ticket: search.ticket ?? '' }
      : undefined
  const set = (change: typeof search) =>
    void navigate({ ...paths.newPromotion({ ...search, ...change }), replace: true })
  return (
    <>
      <PageHead title="Request a promotion" sub="First look at what would happen; nothing is stored until you ask" />
      <div className="split">
        <div className="stack">
          {asking ? (
            <Previews asking={asking} of={release} />
          ) : (
            <Empty icon="eye" title="Choose a release, and where it goes">
              Then the gates are asked, and the plan is made, without storing anything.
            </Empty>
          )}
        </div>
        <Panel title="What goes where">
          <div className="stack">
            <NativeSelect
              label="Release"
              value={search.release ?? ''}
              onChange={(event) => set({ release: event.currentTarget.value || undefined })}
              data={[
                { value: '', label: 'Choose' },
                ...(search.release && !release ? [{ value: search.release, label: search.release }] : []),
                ...releases.map(({ id, name, version }) => ({ value: id, label: `${name} ${version}` })),
              ]}
            />
            <Checkbox.Group
              label="Environments"
              description={chosen.length > 1 ? 'One request for all of them, or for none.' : 'One, or several with one request.'}
              value={chosen}
              onChange={(names) => set({ environment: inOrder(names, environments).join(',') || undefined })}
            >
              <div className="stack near" style={{ paddingTop: 8 }}>
                {environments.map(({ name, current }) => (
                  <Checkbox key={name} value={name} label={current ? `${name} (runs ${current.release.version})` : name} />
                ))}
              </div>
            </Checkbox.Group>
            {asking && (
              <RequestForm
                asking={asking}
                onHotfix={(wanted) => set({ hotfix: wanted ? '1' : undefined })}
                onTicket={(named) => set({ ticket: named || undefined })}
              />
            )}
          </div>
        </Panel>
      </div>
    </>
  )
}
