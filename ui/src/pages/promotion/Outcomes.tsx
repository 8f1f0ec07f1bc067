import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { promotionQuery } from '../../api/queries'
import type { Promotion } from '../../api/types'
import { paths } from '../../paths'
import { gateName } from '../../promotion/gates'
import { type Outcome, otherGates, outcomesText } from '../../promotion/inbox'
import { isMoving, lookOf, PROMOTION } from '../../promotion/states'
import { State } from '../../widgets/State'
import style from './Inbox.module.css'
import type { Outcomes as ById } from './useAlike'

const POLL_MS = 2000

interface Props {
  promotions: readonly Promotion[]
  outcomes: ById
  /** What one that succeeded was: approved, rejected. */
  done: string
}

/** What became of each, and how it goes on while somebody looks. */
export function Outcomes({ promotions, outcomes, done }: Props) {
  return (
    <>
      <p className="strong" role="status">
        {outcomesText([...outcomes.values()], done)}
      </p>
      <ul className={style.plans} aria-label="What became of each">
        {promotions.map((promotion) => (
          <li key={promotion.id}>
            <Link {...paths.promotion(promotion.id)} className="strong">
              {promotion.environment}
            </Link>
            <One promotion={promotion} outcome={outcomes.get(promotion.id) ?? { kind: 'open' }} done={done} />
          </li>
        ))}
      </ul>
    </>
  )
}

function One({ promotion, outcome, done }: { promotion: Promotion; outcome: Outcome; done: string }) {
  switch (outcome.kind) {
    case 'open':
      return <span className="muted">not yet</span>
    case 'sending':
      return <State look={{ tone: 'busy', icon: 'loader-2', word: 'Sending', spin: true }} />
    case 'refused':
      return (
        <span className="stack tight">
          <State look={{ tone: 'bad', icon: 'hand-stop', word: outcome.problem.title }} />
          <span className="muted">
            {outcome.problem.remedy.advice} <code>{outcome.problem.code}</code>
          </span>
        </span>
      )
    case 'done':
      return <Since promotion={promotion} done={done} />
    default:
      return outcome satisfies never
  }
}

/** How it stands now: the gates count an approval in a moment. */
function Since({ promotion, done }: { promotion: Promotion; done: string }) {
  const now = useQuery({
    ...promotionQuery(promotion.id),
    refetchInterval: (query) => {
      const state = query.state.data?.state
      return state === undefined || state === 'waiting' || isMoving(state) ? POLL_MS : false
    },
  }).data
  const state = now?.state ?? promotion.state
  const waits = now && state === 'waiting' ? otherGates(now).map(({ name }) => gateName(name)) : []
  return (
    <span className="row wrap">
      <State look={{ tone: 'good', icon: 'circle-check', word: `${done} by you` }} />
      <State look={lookOf(PROMOTION, state)} />
      {waits.length > 0 && <span className="muted">for {waits.join(', ')}</span>}
    </span>
  )
}
