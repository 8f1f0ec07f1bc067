import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useCallback } from 'react'
import { environmentsQuery, matrixQuery } from '../../api/queries'
import type { Matrix } from '../../api/types'
import { commands } from '../../commands'
import { gridOf, troubles } from '../../matrix/grid'
import { paths } from '../../paths'
import { Empty } from '../../widgets/Empty'
import { Choice, Filters, SearchBox } from '../../widgets/Filters'
import { PageHead } from '../../widgets/Panel'
import { State, type Look } from '../../widgets/State'
import { CellDrawer } from './CellDrawer'
import { MatrixGrid } from './MatrixGrid'
import { NowPanels } from './NowPanels'

const route = getRouteApi('/shell/')

/** What runs where. */
export function MatrixPage() {
  const matrix = useSuspenseQuery(matrixQuery).data
  const search = route.useSearch()
  const navigate = useNavigate({ from: '/' })
  const set = useCallback(
    (change: typeof search) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true }),
    [navigate],
  )
  const onSearch = useCallback((q: string) => set({ q }), [set])
  const grid = gridOf(matrix, search.q ?? '')
  const compared = pair(search.compare)
  if (matrix.environments.length === 0) return <NoEnvironments />
  const [environment, component] = (search.cell ?? '').split('/')
  const shown = environment && component ? grid.cell(environment, component) : undefined
  const standing = grid.environments.find(({ name }) => name === environment)?.standing ?? null
  return (
    <>
      <PageHead title="What runs where" sub={<Summary matrix={matrix} />} />
      <Filters>
        <SearchBox label="Component, version or digest" value={search.q ?? ''} onChange={onSearch} />
        <Choice
          label="Compare"
          none="Compare two environments"
          value={search.compare}
          options={pairsOf(grid.environments.map(({ name }) => name))}
          onChange={(compare) => set({ compare })}
        />
      </Filters>
      {grid.components.length > 0 ? (
        <MatrixGrid grid={grid} compared={compared} chosen={search.cell} />
      ) : search.q ? (
        <Empty icon="filter" title="No component fits this filter">
          Nothing here has “{search.q}” in its name, version or digest.
        </Empty>
      ) : (
        <NothingDeployed />
      )}
      <NowPanels />
      {shown && <CellDrawer cell={shown} standing={standing} close={() => set({ cell: undefined })} />}
    </>
  )
}

function pair(text: string | undefined): readonly [string, string] | undefined {
  const [left, right] = (text ?? '').split('..')
  return left && right ? [left, right] : undefined
}

/** Each environment with the one after it, then the first with the last. */
function pairsOf(names: readonly string[]): [string, string][] {
  const pairs = names.slice(1).map((right, index) => [names[index] ?? '', right] as const)
  const [first, last] = [names[0], names.at(-1)]
  if (names.length > 2 && first && last) pairs.push([first, last])
  return pairs.map(([left, right]) => [`${left}..${right}`, `${left} and ${right}`])
}

const TROUBLE: Readonly<Record<keyof ReturnType<typeof troubles>, Omit<Look, 'word'> & { word: string }>> = {
  unhealthy: { tone: 'bad', icon: 'alert-triangle', word: 'unhealthy' },
  blocked: { tone: 'bad', icon: 'hand-stop', word: 'blocked' },
  drifted: { tone: 'wait', icon: 'arrows-diff', word: 'drifted' },
  moving: { tone: 'busy', icon: 'rocket', word: 'on the way' },
}

function Summary({ matrix }: { matrix: Matrix }) {
  const found = troubles(matrix)
  const marks = (Object.keys(TROUBLE) as (keyof typeof found)[]).filter((name) => found[name] > 0)
  if (matrix.cells.length === 0) return <>Nothing is deployed yet</>
  if (marks.length === 0) {
    return <State look={{ tone: 'good', icon: 'circle-check', word: 'All as deployed and healthy' }} />
  }
  return marks.map((name) => (
    <State key={name} look={{ ...TROUBLE[name], word: `${found[name]} ${TROUBLE[name].word}` }} />
  ))
}

function NoEnvironments() {
  return (
    <Empty heading="h1" icon="layout-grid" title="No environments yet" command={commands.firstEnvironments()}>
      Environments, their order and their targets are written as YAML and applied; what runs in them then appears here.
    </Empty>
  )
}

function NothingDeployed() {
  const first = useSuspenseQuery(environmentsQuery).data.items.toSorted((a, b) => a.order - b.order)[0]?.name
  return (
    <Empty
      icon="rocket"
      title="Nothing is deployed yet"
      command={commands.firstPromotion(first ?? 'dev')}
      action={<Link {...paths.newPromotion()}>Request a promotion</Link>}
    >
      Create a release from images, then promote it into the first environment.
    </Empty>
  )
}
