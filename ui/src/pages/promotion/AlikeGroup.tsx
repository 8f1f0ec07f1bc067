import { Checkbox } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Alike, Promotion } from '../../api/types'
import { paths } from '../../paths'
import { changeLine, chosenOf, gatesLine, groupName, otherGates } from '../../promotion/inbox'
import { ActionButton } from '../../widgets/ActionButton'
import { Icon } from '../../widgets/Icon'
import { Panel } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import { Words } from '../../widgets/Words'
import { count } from '../../words/text'
import type { Word } from './AlikeDialog'
import style from './Inbox.module.css'

const BACK = { tone: 'wait', icon: 'arrow-back-up', word: 'Roll back' } as const

/** Promotions that one word approves, all chosen; each can be taken out, opened, or decided by itself. */
export function AlikeGroup({ group, onAsk }: { group: Alike; onAsk: (word: Word) => void }) {
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const { promotions, rules, standsFor } = group
  const [first] = promotions
  if (first === undefined) return null
  const chosen = chosenOf(group, left)
  const several = promotions.length > 1
  const none = chosen.length === 0 ? 'Choose one at least' : undefined
  const number = several ? ` ${chosen.length}` : ''
  const toggle = (id: string) =>
    setLeft((now) => {
      const next = new Set(now)
      if (!next.delete(id)) next.add(id)
      return next
    })
  return (
    <Panel
      label={`${groupName(group)} to ${promotions.map(({ environment }) => environment).join(', ')}`}
      title={
        <span className="row wrap">
          <Link {...paths.release(first.release.id)}>{groupName(group)}</Link>
          {first.rollback && <State look={BACK} pill />}
          <span className={`muted ${style.plain}`}>
            {several ? `${count(promotions.length, 'promotion')} for one word, which` : 'your word'} counts for{' '}
            {rules.join(' and ')}
            {standsFor !== null && `, in place of ${standsFor}`}
          </span>
        </span>
      }
      side={
        <>
          <ActionButton
            variant="default"
            whyNot={none}
            leftSection={<Icon name="x" />}
            onClick={() => onAsk({ verb: 'reject', promotions: chosen, name: groupName(group), standsFor })}
          >
            {`Reject${number}`}
          </ActionButton>
          <ActionButton
            whyNot={none}
            leftSection={<Icon name="check" />}
            onClick={() => onAsk({ verb: 'approve', promotions: chosen, name: groupName(group), standsFor })}
          >
            {`Approve${number}`}
          </ActionButton>
        </>
      }
      flush
    >
      <ul>
        {promotions.map((promotion) => (
          <li key={promotion.id} className={style.line} data-row>
            {several && (
              <Checkbox
                className={style.box}
                aria-label={`${promotion.environment} with the others`}
                checked={!left.has(promotion.id)}
                onChange={() => toggle(promotion.id)}
              />
            )}
            <Glance promotion={promotion} />
          </li>
        ))}
      </ul>
    </Panel>
  )
}

/** All that a glance needs: where, what changes, what the gates say, who asked and why. */
function Glance({ promotion }: { promotion: Promotion }) {
  const others = otherGates(promotion)
  const targets = promotion.plan?.targets.length ?? 0
  return (
    <div className={style.glance}>
      <Link {...paths.promotion(promotion.id)} className={`row strong ${style.where}`}>
        <Icon name={promotion.rollback ? 'arrow-back-up' : 'arrow-right'} size={14} />
        {promotion.environment}
      </Link>
      <span>
        {changeLine(promotion)}, on {count(targets, 'target')}
      </span>
      <span className={others.length > 0 ? 'tone-wait' : 'tone-good'}>
        <Icon name={others.length > 0 ? 'clock' : 'shield-check'} size={14} /> {gatesLine(promotion)}
      </span>
      <span className={`muted ${style.asked}`}>
        asked for by {promotion.follows === null ? promotion.requestedBy.name : 'itself, automatically'}{' '}
        <Time at={promotion.requestedAt} />
        {promotion.reason !== '' && (
          <>
            : <Words text={promotion.reason} />
          </>
        )}
      </span>
    </div>
  )
}
