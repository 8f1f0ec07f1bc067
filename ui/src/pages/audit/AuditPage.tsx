import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { chainQuery, factsQuery } from '../../api/queries'
import { problemFrom } from '../../api/refused'
import type { Fact } from '../../api/types'
import { usePages } from '../../api/usePages'
import { paths } from '../../paths'
import { Command, Digest } from '../../widgets/Copy'
import { Empty } from '../../widgets/Empty'
import { Filters, Pill, SearchBox } from '../../widgets/Filters'
import { Icon } from '../../widgets/Icon'
import { PageHead, Pairs } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { Subject } from './Subject'

const route = getRouteApi('/shell/audit')

/** Everything that happened, in the order of the chain that seals it. */
export function AuditPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const { rows, more } = usePages(factsQuery(search))
  const set = useCallback(
    (change: typeof search) => void navigate({ ...paths.audit({ ...search, ...change }), replace: true }),
    [navigate, search],
  )
  const onKind = useCallback((kind: string) => set({ kind }), [set])
  const toggle = (id: string) => {
    const next = new Set(open)
    if (!next.delete(id)) next.add(id)
    setOpen(next)
  }
  return (
    <>
      <PageHead title="Audit" sub="Every fact, newest first; each is chained to the one before it" />
      <ChainState />
      <Filters>
        <SearchBox label="Kind, as PromotionApproved" value={search.kind ?? ''} onChange={onKind} />
        {search.subject && (
          <Pill on onToggle={() => set({ subject: undefined })}>
            About {search.subject}
          </Pill>
        )}
      </Filters>
      {rows.length > 0 ? (
        <Table
          label="Facts"
          rows={rows}
          rowKey={({ id }) => id}
          columns={columns(open, toggle)}
          more={more}
          detail={(fact) => (open.has(fact.id) ? <Detail fact={fact} /> : null)}
          fill
        />
      ) : (
        <Empty icon="history" title="No fact fits these filters">
          A kind is written as one word, such as PromotionRequested or DeploymentSucceeded.
        </Empty>
      )}
    </>
  )
}

function ChainState() {
  const chain = useQuery(chainQuery)
  if (chain.isPending) return <State look={{ tone: 'busy', icon: 'loader-2', word: 'Verifying the chain', spin: true }} />
  if (chain.error) return <Refusal problem={problemFrom(chain.error)} onRetry={() => void chain.refetch()} />
  const { good, length, head, place, detail } = chain.data
  return (
    <div className="row wrap">
      <State
        look={
          good
            ? { tone: 'good', icon: 'shield-check', word: `The chain holds: ${length} facts` }
            : { tone: 'bad', icon: 'shield-x', word: `The chain is broken${place === null ? '' : ` at position ${place}`}` }
        }
        pill
      />
      {detail && <span>{detail}</span>}
      {head && (
        <span className="row muted">
          head <Digest value={head} label="head of the chain" />
        </span>
      )}
      <button type="button" className="plain" style={{ color: 'var(--accent)' }} onClick={() => void chain.refetch()}>
        Verify again
      </button>
    </div>
  )
}

function columns(open: ReadonlySet<string>, toggle: (id: string) => void): readonly Column<Fact>[] {
  return [
    {
      key: 'kind',
      head: 'Fact',
      cell: (fact) => (
        <button type="button" className="plain row" aria-expanded={open.has(fact.id)} onClick={() => toggle(fact.id)}>
          <Icon name={open.has(fact.id) ? 'chevron-down' : 'chevron-right'} size={14} />
          <span className="strong">{fact.kind}</span>
        </button>
      ),
    },
    { key: 'subject', head: 'About', cell: (fact) => <Subject id={fact.subject} /> },
    { key: 'actor', head: 'By', cell: (fact) => fact.actor.name },
    { key: 'at', head: 'When', cell: (fact) => <Time at={fact.at} /> },
    {
      key: 'position',
      head: 'Position',
      align: 'right',
      cell: (fact) => fact.position ?? <span className="muted">not sealed yet</span>,
    },
    {
      key: 'hash',
      head: 'Hash',
      cell: (fact) => (fact.hash ? <Digest value={fact.hash} label="hash of the fact" /> : null),
    },
  ]
}

function Detail({ fact }: { fact: Fact }) {
  return (
    <div className="stack near">
      <Pairs
        of={[
          ['Id', <code key="id">{fact.id}</code>],
          ['At', <Time key="at" at={fact.at} exact />],
          ['Cause', fact.cause ? <code key="cause">{fact.cause}</code> : <span className="muted">a person asked</span>],
        ]}
      />
      <Command text={JSON.stringify(fact.data, null, 2)} label={`data of ${fact.kind}`} />
    </div>
  )
}
