import { Button } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { api, take } from '../../api/client'
import { useWhyNot } from '../../api/session'
import { triggersQuery } from '../../api/triggers'
import type { Trigger } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { ActionButton } from '../../widgets/ActionButton'
import { CommandHint } from '../../widgets/Dialog'
import { Empty } from '../../widgets/Empty'
import { Icon } from '../../widgets/Icon'
import { PageHead } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { say } from '../../widgets/Toasts'
import { count } from '../../words/text'
import { FIRING } from '../../workflow/states'
import { Firings } from './Firings'
import style from './Workflows.module.css'

const route = getRouteApi('/shell/triggers')

/** What starts runs when nobody asks. Triggers are documents: they are written and applied. */
export function TriggersPage() {
  const { trigger } = route.useSearch()
  const all = useSuspenseQuery(triggersQuery).data.items
  const mayNot = useWhyNot('workflow.run')
  const lend = useAct(
    ({ name, digest }: Trigger, headers) =>
      take(api.POST('/api/v1/triggers/{trigger}/lend', { params: { path: { trigger: name } }, body: { digest }, headers })),
    ({ name }) => say(`Runs of ${name} go with your rights from now on`),
  )
  const shown = all.find(({ name }) => name === trigger)
  return (
    <>
      <PageHead
        title="Triggers"
        sub="What starts runs when nobody asks: something that happened, or a time"
        actions={<NewTrigger />}
      />
      {lend.problem && <Refusal problem={lend.problem} />}
      {all.length === 0 && (
        <Empty icon="bolt" title="No triggers yet" command={commands.applyDocument('trigger')} action={<NewTrigger />}>
          A trigger names a workflow, and what starts it: a push, a finding, a build's end, a time each night.
        </Empty>
      )}
      {all.length > 0 && (
        <Table
          label="Triggers"
          rows={all}
          rowKey={({ name }) => name}
          columns={columns(mayNot, lend.busy, (one) => lend.run(one))}
        />
      )}
      {shown && <Firings trigger={shown.name} />}
      {all.length > 0 && <CommandHint command={commands.triggers()} />}
    </>
  )
}

function NewTrigger() {
  return (
    <Button leftSection={<Icon name="plus" />} renderRoot={(props) => <Link {...paths.newDocument('Trigger')} {...props} />}>
      New trigger
    </Button>
  )
}

function columns(
  mayNot: string | undefined,
  busy: boolean,
  onLend: (one: Trigger) => void,
): readonly Column<Trigger>[] {
  return [
    {
      key: 'name',
      head: 'Trigger',
      cell: ({ name, description }) => (
        <span className="stack" style={{ gap: 0 }}>
          <Link {...paths.document('Trigger', name)} className="strong">
            {name}
          </Link>
          {description !== '' && <span className="muted small">{description}</span>}
        </span>
      ),
    },
    { key: 'on', head: 'Hears of', cell: (one) => <HearsOf one={one} /> },
    { key: 'workflow', head: 'Starts', cell: ({ workflow }) => <Link {...paths.workflow(workflow)}>{workflow}</Link> },
    { key: 'state', head: 'State', cell: (one) => <Standing one={one} /> },
    {
      key: 'last',
      head: 'Last event',
      cell: ({ name, last }) =>
        last === null ? (
          <span className="muted">none yet</span>
        ) : (
          <Link {...paths.triggers({ trigger: name })} className="row nowrap">
            <State look={lookOf(FIRING, last.outcome)} /> <Time at={last.at} />
          </Link>
        ),
    },
    {
      key: 'do',
      head: <span className="hidden">Actions</span>,
      align: 'right',
      cell: (one) => (
        <ActionButton
          size="compact-xs"
          variant="default"
          whyNot={mayNot}
          loading={busy}
          onClick={() => onLend(one)}
        >
          Lend my rights
        </ActionButton>
      ),
    },
  ]
}

function HearsOf({ one: { event, schedule, timezone, nextAt, spec } }: { one: Trigger }) {
  const condition = typeof spec['if'] === 'string' ? spec['if'] : undefined
  return (
    <span className="stack" style={{ gap: 0 }}>
      {event !== '' ? event : <code>{schedule}</code>}
      <span className="muted small">
        {event === '' && timezone}
        {nextAt !== null && (
          <>
            , next <Time at={nextAt} />
          </>
        )}
        {condition !== undefined && <code className="two-lines">{condition}</code>}
      </span>
    </span>
  )
}

function Standing({ one: { enabled, faults, heldBack, by } }: { one: Trigger }) {
  const [first] = faults
  if (!enabled) return <State look={{ tone: 'idle', icon: 'circle-minus', word: 'Switched off' }} />
  if (first === undefined)
    return (
      <span className="stack" style={{ gap: 0 }}>
        <State look={{ tone: 'good', icon: 'circle-check', word: 'Listens' }} />
        <span className="muted small">
          with the rights of {by.name}
          {heldBack > 0 && `, ${count(heldBack, 'event')} held back`}
        </span>
      </span>
    )
  return (
    <span className="stack" style={{ gap: 0 }}>
      <State look={{ tone: 'bad', icon: 'circle-x', word: 'Cannot start' }} />
      <span className={`small ${style.why}`}>
        {first.place !== '' && <code>{first.place}</code>} {first.words}
        {faults.length > 1 && `, and ${faults.length - 1} more`}
      </span>
    </span>
  )
}
