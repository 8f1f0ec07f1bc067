import { Link } from '@tanstack/react-router'
import { firingsQuery } from '../../api/triggers'
import type { Firing } from '../../api/types'
import { usePages } from '../../api/usePages'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { Panel } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { FIRING } from '../../workflow/states'

const COLUMNS: readonly Column<Firing>[] = [
  { key: 'at', head: 'At', width: '150px', cell: ({ at }) => <Time at={at} /> },
  {
    key: 'event',
    head: 'Event',
    cell: ({ event, subject }) => (
      <span className="stack" style={{ gap: 0 }}>
        {event}
        <span className="muted small two-lines">{subject}</span>
      </span>
    ),
  },
  { key: 'outcome', head: 'Outcome', cell: ({ outcome }) => <State look={lookOf(FIRING, outcome)} /> },
  {
    key: 'run',
    head: 'Run, or why there is none',
    cell: ({ run, message }) =>
      run === '' ? <span className="two-lines">{message}</span> : <Link {...paths.run(run)}>{run}</Link>,
  },
]

/** What became of the events that a trigger answered, the newest first. */
export function Firings({ trigger }: { trigger: string }) {
  const { rows, more } = usePages(firingsQuery(trigger))
  if (rows.length === 0) return null
  return (
    <Panel title={`Events that ${trigger} answered`} label="Events" flush>
      <Table label="Events" rows={rows} rowKey={({ id }) => id} columns={COLUMNS} more={more} />
    </Panel>
  )
}
