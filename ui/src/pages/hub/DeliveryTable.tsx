import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { useWhyNot } from '../../api/session'
import type { Delivery } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { DELIVERY, times } from '../../hub/states'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { ActionButton } from '../../widgets/ActionButton'
import { Command } from '../../widgets/Copy'
import { Icon } from '../../widgets/Icon'
import { Pairs } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { State } from '../../widgets/State'
import { type Column, type More, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'

interface Props {
  rows: readonly Delivery[]
  more?: More
  /** On a page of one integration, its name is said already. */
  isOfOne?: boolean
  fill?: boolean
}

/** What webhooks said and what came of it; each unfolds to what was read. */
export function DeliveryTable({ rows, more, isOfOne = false, fill = false }: Props) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const toggle = (id: string) => {
    const next = new Set(open)
    if (!next.delete(id)) next.add(id)
    setOpen(next)
  }
  const columns: Column<Delivery>[] = [
    {
      key: 'event',
      head: 'Delivery',
      cell: ({ id, event }) => (
        <button type="button" className="plain row nowrap" aria-expanded={open.has(id)} onClick={() => toggle(id)}>
          <Icon name={open.has(id) ? 'chevron-down' : 'chevron-right'} size={14} />
          <span className="strong">{event}</span>
        </button>
      ),
    },
    { key: 'state', head: 'State', cell: ({ state }) => <State look={lookOf(DELIVERY, state)} /> },
    {
      key: 'outcome',
      head: 'What came of it',
      width: '100%',
      cell: ({ outcome, nextAt, attempts }) => (
        <span className="two-lines">
          {outcome}
          {nextAt !== null && attempts > 0 && (
            <span className="muted">
              {' '}
              Tried again <Time at={nextAt} />
            </span>
          )}
        </span>
      ),
    },
    { key: 'at', head: 'Received', cell: ({ receivedAt }) => <Time at={receivedAt} /> },
  ]
  if (!isOfOne) {
    columns.splice(1, 0, {
      key: 'integration',
      head: 'From',
      cell: ({ integration }) => <Link {...paths.integration(integration)}>{integration}</Link>,
    })
  }
  return (
    <Table
      label="Deliveries"
      rows={rows}
      rowKey={({ id }) => id}
      columns={columns}
      detail={(delivery) => (open.has(delivery.id) ? <Detail delivery={delivery} /> : null)}
      fill={fill}
      {...(more === undefined ? {} : { more })}
    />
  )
}

function Detail({ delivery }: { delivery: Delivery }) {
  const { id, state, content } = delivery
  const mayNot = useWhyNot('integration.change')
  const act = useAct(
    (_: undefined, headers) =>
      take(api.POST('/api/v1/webhook-deliveries/{delivery}/retry', { params: { path: { delivery: id } }, headers })),
    () => undefined,
  )
  return (
    <div className="stack near">
      <Pairs
        of={[
          ['Id', <code key="id">{id}</code>],
          ["The service's own", <code key="own">{delivery.delivery}</code>],
          ['Tried', delivery.attempts === 0 ? 'not yet' : times(delivery.attempts)],
          ['Came again', delivery.replays === 0 ? 'never' : `${times(delivery.replays)}, and was not handled again`],
        ]}
      />
      {Object.keys(content).length > 0 && (
        <Command text={JSON.stringify(content, null, 2)} label={`what ${delivery.event} said`} />
      )}
      {state === 'failed' && (
        <div className="row wrap">
          <ActionButton size="compact-sm" variant="default" whyNot={mayNot} loading={act.busy} onClick={() => act.run(undefined)}>
            Handle it anew
          </ActionButton>
          <Command text={commands.retryDelivery(id)} label="the command that does so" />
        </div>
      )}
      {act.problem && <Refusal problem={act.problem} />}
    </div>
  )
}
