import { useQuery } from '@tanstack/react-query'
import { lastFactsQuery, signInsQuery } from '../../api/queries'
import { problemFrom } from '../../api/refused'
import type { SignInDocument } from '../../api/types'
import { Loading } from '../../widgets/Loading'
import { Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { LastFacts } from './LastFacts'

/** By whose word people are let in: documents, and who was refused lately. */
export function SignIns() {
  const signIns = useQuery(signInsQuery)
  const refused = useQuery(lastFactsQuery('SignInRefused'))
  return (
    <Panel title="Sign-in of people" flush>
      {signIns.isPending && <Loading inset lines={2} />}
      {signIns.error && <Refusal problem={problemFrom(signIns.error)} onRetry={() => void signIns.refetch()} />}
      {signIns.data?.items.length === 0 && (
        <p className="muted" style={{ padding: '12px 14px' }}>
          Passwords of this server alone. A document SignIn lets a provider or a directory vouch for people.
        </p>
      )}
      {signIns.data && signIns.data.items.length > 0 && (
        <Table label="Sign-in of people" rows={signIns.data.items} rowKey={({ name }) => name} columns={COLUMNS} />
      )}
      <LastFacts label="Refused sign-ins" facts={refused.data?.items} />
    </Panel>
  )
}

const COLUMNS: readonly Column<SignInDocument>[] = [
  { key: 'name', head: 'Name', cell: (one) => <span className="strong">{one.name}</span> },
  { key: 'by', head: 'By', cell: (one) => String(one.spec['integration']) },
  {
    key: 'kind',
    head: 'Kind',
    cell: (one) => {
      if (one.kind === null) return <State look={{ tone: 'bad', icon: 'ban', word: 'Its integration is off' }} />
      return one.kind === 'directory' ? 'directory' : 'OpenID provider'
    },
  },
  {
    key: 'groups',
    head: 'Groups with roles',
    cell: (one) => Object.keys((one.spec['groups'] ?? {}) as object).join(', ') || <span className="muted">none</span>,
  },
  {
    key: 'redirect',
    head: 'Redirect URI',
    cell: (one) => (one.kind === 'identity_provider' ? <code className="small">{one.redirectUri}</code> : ''),
  },
]
