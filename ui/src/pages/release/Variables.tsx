import { NativeSelect, Textarea } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { environmentsQuery, revisionsQuery, variablesQuery } from '../../api/queries'
import { problemFrom } from '../../api/refused'
import { useWhyNot } from '../../api/session'
import type { Release, Variable, VariableAnswer, VariablesPreview } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { ActionButton } from '../../widgets/ActionButton'
import { Dialog } from '../../widgets/Dialog'
import { Icon } from '../../widgets/Icon'
import { Loading } from '../../widgets/Loading'
import { Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { Timeline } from '../../widgets/Timeline'
import { say } from '../../widgets/Toasts'
import { count } from '../../words/text'

/** What the release is configured with at a place, which rule won and why, and how that came to be. */
export function Variables({ release }: { release: Release }) {
  const [revising, setRevising] = useState(false)
  const [place, setPlace] = useState({ environment: '', target: '', component: '' })
  const mayRevise = useWhyNot('release.create')
  const environments = useQuery(environmentsQuery).data?.items.toSorted((a, b) => a.order - b.order) ?? []
  const environment = place.environment || (environments[0]?.name ?? '')
  const targets = environments.find(({ name }) => name === environment)?.targets ?? []
  return (
    <Panel
      title={release.variables > 0 ? `Variables, revision ${release.revision}` : 'Variables'}
      side={
        <ActionButton
          variant="default"
          size="compact-sm"
          whyNot={mayRevise}
          leftSection={<Icon name="refresh" />}
          onClick={() => setRevising(true)}
        >
          Revise
        </ActionButton>
      }
    >
      {release.variables === 0 ? (
        <p className="muted">It was sealed without any.</p>
      ) : (
        <div className="stack">
          <div className="row wrap">
            <Choice
              label="Environment"
              value={environment}
              among={environments.map(({ name }) => name)}
              choose={(name) => setPlace({ ...place, environment: name, target: '' })}
            />
            <Choice
              label="Target"
              any="any"
              value={place.target}
              among={targets.map(({ name }) => name)}
              choose={(target) => setPlace({ ...place, target })}
            />
            <Choice
              label="Component"
              any="any"
              value={place.component}
              among={release.components.map(({ name }) => name)}
              choose={(component) => setPlace({ ...place, component })}
            />
          </div>
          {environment && <Preview release={release} place={{ ...place, environment }} />}
        </div>
      )}
      {release.revision > 1 && <Revisions release={release} />}
      {revising && <Revise release={release} close={() => setRevising(false)} />}
    </Panel>
  )
}

interface ChoiceProps {
  label: string
  value: string
  among: readonly string[]
  choose: (value: string) => void
  any?: string
}

function Choice({ label, value, among, choose, any }: ChoiceProps) {
  return (
    <NativeSelect
      label={label}
      value={value}
      onChange={(event) => choose(event.currentTarget.value)}
      data={[...(any ? [{ value: '', label: any }] : []), ...among]}
    />
  )
}

const COLUMNS: readonly Column<VariableAnswer>[] = [
  { key: 'name', head: 'Name', cell: ({ name }) => <code>{name}</code> },
  {
    key: 'says',
    head: 'Says',
    cell: ({ used }) =>
      used ? <Said of={used} /> : <State look={{ tone: 'bad', icon: 'alert-triangle', word: 'undecided' }} />,
  },
  { key: 'why', head: 'Why', cell: ({ why }) => <span className="muted">{why}</span> },
]

function Preview({ release, place }: { release: Release; place: Parameters<typeof variablesQuery>[1] }) {
  const asked = useQuery(variablesQuery(release.id, place))
  if (asked.isPending) return <Loading lines={3} />
  if (asked.error) return <Refusal problem={problemFrom(asked.error)} onRetry={() => void asked.refetch()} />
  const found: VariablesPreview = asked.data
  return (
    <>
      {found.faults.map((why) => (
        <State key={why} look={{ tone: 'bad', icon: 'alert-triangle', word: why }} />
      ))}
      {found.answers.length === 0 ? (
        <p className="muted">None counts there.</p>
      ) : (
        <Table
          label="Variables"
          rows={found.answers}
          rowKey={({ name }) => name}
          columns={COLUMNS}
          detail={({ beaten, rivals }) =>
            beaten.length + rivals.length > 0 ? (
              <ul className="stack tight">
                {rivals.map((one) => (
                  <Other key={`${one.group} ${one.scope}`} of={one} word="as exact" />
                ))}
                {beaten.map((one) => (
                  <Other key={`${one.group} ${one.scope}`} of={one} word="beaten" />
                ))}
              </ul>
            ) : null
          }
        />
      )}
    </>
  )
}

function Other({ of, word }: { of: Variable; word: string }) {
  return (
    <li className="row">
      <span className="muted">{word}</span>
      <Said of={of} />
      <span className="muted">
        {of.scope}, from {of.group}
      </span>
    </li>
  )
}

function Said({ of }: { of: Variable }) {
  if (of.secret)
    return (
      <span className="row">
        <Icon name="key" size={14} /> <code>{of.secret}</code>
      </span>
    )
  return of.value === '' ? <span className="muted">empty</span> : <code>{of.value}</code>
}

function Revisions({ release }: { release: Release }) {
  const rows = useQuery(revisionsQuery(release.id)).data?.items ?? []
  return (
    <Timeline
      of={rows.map((one) => ({
        key: String(one.number),
        at: one.at,
        look: { tone: one.number === release.revision ? 'good' : 'idle', icon: 'refresh', word: 'revision' },
        text: (
          <span>
            <span className="strong">revision {one.number}</span>{' '}
            <span className="muted">
              {count(one.variables, 'variable')}, by {one.by.name}
              {one.reason && `: ${one.reason}`}
            </span>
          </span>
        ),
      }))}
    />
  )
}

function Revise({ release, close }: { release: Release; close: () => void }) {
  const [reason, setReason] = useState('')
  const act = useAct(
    (body: { reason: string }, headers) =>
      take(
        api.POST('/api/v1/releases/{release}/revisions', { params: { path: { release: release.id } }, body, headers }),
      ),
    (made) => {
      say(`${made.name} ${made.version} is at revision ${made.revision}`)
      close()
    },
  )
  return (
    <Dialog
      title={`Revise ${release.name} ${release.version}`}
      submit="Take the variables of now"
      onClose={close}
      onSubmit={() => act.run({ reason })}
      busy={act.busy}
      ready={reason.trim() !== ''}
      problem={act.problem}
      command={commands.revise(release.id, reason)}
    >
      <p>
        The same images are deployed with the variables that are applied now. What runs stays as it is; approvals of
        plans that waited count no more.
      </p>
      <Textarea
        label="Reason"
        required
        data-autofocus
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </Dialog>
  )
}
