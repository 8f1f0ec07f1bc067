import { Button } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { workflowsQuery } from '../../api/workflows'
import type { Workflow } from '../../api/types'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { Empty } from '../../widgets/Empty'
import { Filters, SearchBox } from '../../widgets/Filters'
import { Icon } from '../../widgets/Icon'
import { PageHead } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { objectOf } from '../../words/object'
import { RUN } from '../../workflow/states'
import style from './Workflows.module.css'

const route = getRouteApi('/shell/workflows')

const COLUMNS: readonly Column<Workflow>[] = [
  {
    key: 'name',
    head: 'Workflow',
    cell: ({ name, description }) => (
      <span className="stack" style={{ gap: 0 }}>
        <Link {...paths.workflow(name)} className="strong">
          {name}
        </Link>
        {description !== '' && <span className="muted small">{description}</span>}
      </span>
    ),
  },
  { key: 'version', head: 'Version', width: '80px', align: 'right', cell: ({ version }) => version },
  { key: 'steps', head: 'Steps', width: '70px', align: 'right', cell: ({ spec }) => stepCount(spec) },
  { key: 'can', head: 'Can run', cell: (workflow) => <CanRun of={workflow} /> },
  { key: 'last', head: 'Last run', cell: ({ lastRun }) => <LastRun of={lastRun} /> },
]

export function WorkflowsPage() {
  const { q = '' } = route.useSearch()
  const navigate = useNavigate()
  const all = useSuspenseQuery(workflowsQuery).data.items
  const wanted = q.toLowerCase()
  const rows = all.filter(({ name, description }) => `${name} ${description}`.toLowerCase().includes(wanted))
  return (
    <>
      <PageHead
        title="Workflows"
        sub="Steps that need each other, as data: run by hand, seen while they run, taken back where they fail"
        actions={<NewWorkflow />}
      />
      {all.length > 0 && (
        <Filters>
          <SearchBox
            label="Name or description"
            value={q}
            onChange={(text) => void navigate({ ...paths.workflows(text === '' ? {} : { q: text }), replace: true })}
          />
        </Filters>
      )}
      {rows.length > 0 && <Table label="Workflows" rows={rows} rowKey={({ name }) => name} columns={COLUMNS} />}
      {all.length > 0 && rows.length === 0 && (
        <Empty icon="filter" title="No workflow fits">
          Empty the filter to see all of them.
        </Empty>
      )}
      {all.length === 0 && (
        <Empty icon="sitemap" title="No workflows yet" command={commands.applyDocument('workflow')} action={<NewWorkflow />}>
          A workflow says which steps are done, in which order, and what follows where one fails.
        </Empty>
      )}
    </>
  )
}

function NewWorkflow() {
  return (
    <Button leftSection={<Icon name="plus" />} renderRoot={(props) => <Link {...paths.newWorkflow()} {...props} />}>
      New workflow
    </Button>
  )
}

const stepCount = (spec: Workflow['spec']) =>
  Object.keys(objectOf(spec['steps'])).length + Object.keys(objectOf(spec['finally'])).length

function CanRun({ of: { faults } }: { of: Workflow }) {
  const [first] = faults
  if (first === undefined) return <State look={{ tone: 'good', icon: 'circle-check', word: 'Yes' }} />
  return (
    <span className="stack" style={{ gap: 0 }}>
      <State look={{ tone: 'bad', icon: 'circle-x', word: 'Cannot run' }} />
      <span className={`small ${style.why}`}>
        {first.place !== '' && <code>{first.place}</code>} {first.words}
        {faults.length > 1 && `, and ${faults.length - 1} more`}
      </span>
    </span>
  )
}

function LastRun({ of: run }: { of: Workflow['lastRun'] }) {
  if (run === null) return <span className="muted">never ran</span>
  return (
    <span className="row wrap">
      <Link {...paths.run(run.id)}>
        <State look={lookOf(RUN, run.state)} />
      </Link>
      <span className="muted">
        <Time at={run.at} /> by {run.by.name}
      </span>
    </span>
  )
}
