import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { RunLine } from '../../api/types'
import { usePages } from '../../api/usePages'
import { runsQuery, workflowsQuery } from '../../api/workflows'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { CommandHint } from '../../widgets/Dialog'
import { Empty } from '../../widgets/Empty'
import { Choice, Filters } from '../../widgets/Filters'
import { PageHead } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { Time, useNow } from '../../widgets/Time'
import { count } from '../../words/text'
import { took } from '../../words/time'
import { FOR_A_PERSON, RUN } from '../../workflow/states'

const route = getRouteApi('/shell/runs')
const STATES = Object.entries(RUN).map(([state, look]) => [state, look.word] as const)

const COLUMNS: readonly Column<RunLine>[] = [
  {
    key: 'what',
    head: 'Run',
    cell: (run) => (
      <Link {...paths.run(run.id)} className="row nowrap strong">
        {run.workflow} <span className="muted">version {run.version}</span>
      </Link>
    ),
  },
  {
    key: 'state',
    head: 'State',
    cell: (run) => (
      <span className="row wrap">
        <State look={lookOf(RUN, run.state)} />
        {run.waits > 0 && <State look={{ ...FOR_A_PERSON, word: `${count(run.waits, 'step')} for a person` }} />}
      </span>
    ),
  },
  { key: 'why', head: 'Why', cell: (run) => <span className="muted two-lines">{run.message}</span> },
  { key: 'took', head: 'Took', width: '110px', cell: (run) => <RunTook of={run} /> },
  {
    key: 'at',
    head: 'Asked for',
    cell: (run) => (
      <span className="muted">
        <Time at={run.at} /> by {run.by.name}
      </span>
    ),
  },
]

export function RunTook({ of }: { of: Pick<RunLine, 'startedAt' | 'endedAt'> }) {
  const now = useNow()
  if (of.startedAt === null) return <span className="muted">not begun</span>
  return <span className="nowrap">{took(of.startedAt, of.endedAt, now)}</span>
}

export function RunsPage() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const workflows = useSuspenseQuery(workflowsQuery).data.items
  const { rows, more } = usePages(runsQuery(search))
  // Of the address as it is by then: what was chosen before may not be drawn yet.
  const set = (change: { workflow?: string | undefined; state?: string | undefined }) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const filtered = Object.values(search).some(Boolean)
  return (
    <>
      <PageHead
        title="Runs"
        sub="What workflows did, and what they wait for"
        actions={<CommandHint command={commands.runs(search.workflow, search.state)} />}
      />
      <Filters>
        <Choice
          label="Workflow"
          value={search.workflow}
          options={workflows.map(({ name }) => [name, name])}
          onChange={(workflow) => set({ workflow })}
        />
        <Choice label="State" value={search.state} options={STATES} onChange={(state) => set({ state })} />
      </Filters>
      {rows.length > 0 && <Table label="Runs" rows={rows} rowKey={({ id }) => id} columns={COLUMNS} more={more} fill />}
      {rows.length === 0 && (
        <Empty icon={filtered ? 'filter' : 'player-play'} title={filtered ? 'No run fits these filters' : 'No runs yet'}>
          {filtered ? 'Empty the filters to see all of them.' : 'Open a workflow, and start a run of it.'}
        </Empty>
      )}
    </>
  )
}
