import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { ChangeTicket, Promotion } from '../../api/types'
import { paths } from '../../paths'
import { Time } from '../../widgets/Time'

/** The change ticket behind it and where else it was used, as pairs for a list: none where none is named. */
export const ticketPairs = ({ changeTicket: ticket }: Promotion): [string, ReactNode][] =>
  ticket === null
    ? []
    : [
        ['Change ticket', <Standing key="ticket" ticket={ticket} />],
        ...(ticket.uses.length === 0 ? [] : [['It also stands for', <Uses key="uses" ticket={ticket} />] satisfies [string, ReactNode]]),
      ]

function Standing({ ticket }: { ticket: ChangeTicket }) {
  return (
    <span>
      {ticket.url.startsWith('https://') ? (
        <a href={ticket.url} target="_blank" rel="noreferrer">
          {ticket.key}
        </a>
      ) : (
        ticket.key
      )}{' '}
      <span className="muted">of {ticket.integration}</span>{' '}
      {ticket.lookedUpAt === null ? (
        <span>not known{ticket.trouble === '' ? ' yet' : `: ${ticket.trouble}`}</span>
      ) : (
        <span>
          {ticket.status}, {ticket.approved ? 'approved' : 'not approved'}{' '}
          <span className="muted">
            looked up <Time at={ticket.lookedUpAt} />
            {ticket.trouble !== '' && `; since then: ${ticket.trouble}`}
          </span>
        </span>
      )}
    </span>
  )
}

function Uses({ ticket }: { ticket: ChangeTicket }) {
  return (
    <span>
      {ticket.uses.map((use, index) => (
        <span key={use.promotion}>
          {index > 0 && ', '}
          <Link {...paths.promotion(use.promotion)}>a promotion to {use.environment}</Link>
        </span>
      ))}
    </span>
  )
}
