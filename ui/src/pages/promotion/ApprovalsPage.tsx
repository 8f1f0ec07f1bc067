import { useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { alikeQuery, waitingQuery } from '../../api/alike'
import { useWhyNot } from '../../api/session'
import type { Promotion } from '../../api/types'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { apartLine } from '../../promotion/inbox'
import { CommandHint } from '../../widgets/Dialog'
import { Empty } from '../../widgets/Empty'
import { Icon } from '../../widgets/Icon'
import { PageHead, Panel } from '../../widgets/Panel'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { count } from '../../words/text'
import { AlikeDialog, type Word } from './AlikeDialog'
import { AlikeGroup } from './AlikeGroup'
import style from './Inbox.module.css'

const POLL_MS = 15_000

/** What waits for the reader's word: like with like, each group with one button. */
export function ApprovalsPage() {
  const [asked, setAsked] = useState<Word>()
  const whyNot = useWhyNot('promotion.approve')
  // Facts bring it up to date; this is for when their stream is cut.
  const groups = useSuspenseQuery({ ...alikeQuery, refetchInterval: POLL_MS }).data.items
  const waiting = useSuspenseQuery(waitingQuery).data.items
  const mine = new Set(groups.flatMap(({ promotions }) => promotions.map(({ id }) => id)))
  const others = waiting.filter(({ id }) => !mine.has(id))
  return (
    <>
      <PageHead
        title="Approvals"
        sub={
          mine.size === 0
            ? 'What waits for your word'
            : `${count(mine.size, 'promotion')} ${mine.size === 1 ? 'waits' : 'wait'} for your word; what goes first stands first`
        }
        actions={<CommandHint command={commands.waitingForMe()} />}
      />
      {groups.length === 0 && (
        <Empty icon="circle-check" title="Nothing waits for you">
          {whyNot ?? 'No promotion needs your word now. What comes appears here by itself.'}
        </Empty>
      )}
      <div className="stack">
        {groups.map((group, index) => {
          const apart = apartLine(group, groups[index - 1])
          return (
            <div key={group.promotions.map(({ id }) => id).join()} className="stack near">
              {apart !== '' && (
                <p className={`muted small ${style.apart}`}>
                  <Icon name="arrows-diff" size={14} /> {apart}
                </p>
              )}
              <AlikeGroup group={group} onAsk={setAsked} />
            </div>
          )
        })}
        {others.length > 0 && <Others of={others} />}
      </div>
      {/* Here, not in its group: that is gone as soon as its last one waits no more. */}
      {asked && <AlikeDialog {...asked} now={waiting} close={() => setAsked(undefined)} />}
    </>
  )
}

const COLUMNS: readonly Column<Promotion>[] = [
  {
    key: 'what',
    head: 'Promotion',
    cell: (promotion) => (
      <Link {...paths.promotion(promotion.id)} className="row nowrap">
        {promotion.release.name} {promotion.release.version}
        <Icon name={promotion.rollback ? 'arrow-back-up' : 'arrow-right'} size={14} />
        {promotion.environment}
      </Link>
    ),
  },
  { key: 'why', head: 'Why it takes no word of yours', width: '60%', cell: ({ actions }) => actions.approve.reason },
  {
    key: 'at',
    head: 'Asked for',
    cell: ({ requestedAt, requestedBy }) => (
      <span className="muted">
        <Time at={requestedAt} /> by {requestedBy.name}
      </span>
    ),
  },
]

/** What waits for others: told, so that nobody wonders where it is. */
function Others({ of }: { of: readonly Promotion[] }) {
  return (
    <Panel title={`Waiting, and not for you (${of.length})`} flush>
      <Table label="Waiting, and not for you" rows={of} rowKey={({ id }) => id} columns={COLUMNS} />
    </Panel>
  )
}
