import type { Fact } from '../../api/types'
import { paths } from '../../paths'
import { Link } from '@tanstack/react-router'
import { Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'

/** The last few facts of one kind: when, about whom, and what the record says. */
export function LastFacts({ label, facts }: { label: string; facts: readonly Fact[] | undefined }) {
  if (facts === undefined || facts.length === 0) return null
  return (
    <Table
      label={label}
      rows={facts}
      rowKey={({ id }) => id}
      columns={[
        { key: 'at', head: label, cell: (fact) => <Time at={fact.at} /> },
        { key: 'actor', head: 'Who', cell: (fact) => fact.actor.name },
        {
          key: 'what',
          head: 'What',
          cell: (fact) => <Link {...paths.audit({ kind: fact.kind })}>{told(fact)}</Link>,
        },
      ]}
    />
  )
}

/** A refusal says why; an exchange says by which document, and by which claims. */
export function told(fact: Fact): string {
  const data = fact.data as Record<string, unknown>
  if (typeof data['detail'] === 'string') return `${String(data['reason'])}: ${data['detail']}`
  const claims = Object.entries((data['claims'] ?? {}) as Record<string, string>)
  return [String(data['login'] ?? ''), ...claims.map(([name, value]) => `${name}=${value}`)].join(' ')
}
