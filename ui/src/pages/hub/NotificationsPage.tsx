import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api, take } from '../../api/client'
import { notificationsQuery, sentMessagesQuery } from '../../api/queries'
import { problemFrom } from '../../api/refused'
import { useWhyNot } from '../../api/session'
import type { Message, Notification } from '../../api/types'
import { useAct } from '../../api/useAct'
import { lookOfMessage } from '../../hub/states'
import { paths } from '../../paths'
import { ActionButton } from '../../widgets/ActionButton'
import { Empty } from '../../widgets/Empty'
import { Loading } from '../../widgets/Loading'
import { PageHead, Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { say } from '../../widgets/Toasts'

/** Who is told of what, and what became of the last messages. Rules are documents: they are applied. */
export function NotificationsPage() {
  const rules = useQuery(notificationsQuery)
  const sent = useQuery(sentMessagesQuery)
  const mayNot = useWhyNot('integration.change')
  const test = useAct(
    (name: string, headers) => take(api.POST('/api/v1/notifications/{name}/test', { params: { path: { name } }, headers })),
    ({ rule }) => say(`A test of ${rule} is on its way: its outcome stands below`),
  )
  const again = useAct(
    (message: string, headers) =>
      take(api.POST('/api/v1/notifications/sent/{message}/resend', { params: { path: { message } }, headers })),
    () => say('It is tried again'),
  )
  const problem = test.problem ?? again.problem
  return (
    <>
      <PageHead title="Notifications" sub="Who is told of what, by mail, chat, ticket or webhook" />
      {problem && <Refusal problem={problem} />}
      {rules.isLoading && <Loading />}
      {rules.error && <Refusal problem={problemFrom(rules.error)} onRetry={() => void rules.refetch()} />}
      {rules.data?.items.length === 0 && (
        <Empty icon="bell" title="Nobody is told of anything yet">
          Add an integration of the kind notifier, or scm to tell commits, then apply a document of the kind Notification.
        </Empty>
      )}
      {rules.data && rules.data.items.length > 0 && (
        <Panel title="Rules" label="Rules" flush>
          <Table
            label="Rules"
            rows={rules.data.items}
            rowKey={({ name }) => name}
            columns={ruleColumns(mayNot, test.busy, (name) => test.run(name))}
          />
        </Panel>
      )}
      {sent.error && <Refusal problem={problemFrom(sent.error)} onRetry={() => void sent.refetch()} />}
      {sent.data && sent.data.items.length > 0 && (
        <Panel title="Last messages" label="Last messages" flush>
          <Table
            label="Last messages"
            rows={sent.data.items}
            rowKey={({ id }) => id}
            columns={messageColumns(mayNot, again.busy, (id) => again.run(id))}
          />
        </Panel>
      )}
    </>
  )
}

function ruleColumns(
  mayNot: string | undefined,
  busy: boolean,
  onTest: (name: string) => void,
): readonly Column<Notification>[] {
  return [
    {
      key: 'name',
      head: 'Rule',
      cell: ({ name, enabled }) => (
        <>
          <span className="strong">{name}</span>
          {!enabled && <span className="muted"> switched off</span>}
        </>
      ),
    },
    { key: 'on', head: 'Tells of', cell: ({ on }) => on.join(', ') },
    {
      key: 'environments',
      head: 'Environments',
      cell: ({ environments }) => (environments.length === 0 ? <span className="muted">all</span> : environments.join(', ')),
    },
    {
      key: 'integration',
      head: 'By',
      cell: ({ integration }) => <Link {...paths.integration(integration)}>{integration}</Link>,
    },
    {
      key: 'last',
      head: 'Last message',
      cell: ({ last }) => (last === null ? <span className="muted">nothing yet</span> : <State look={lookOfMessage(last)} />),
    },
    {
      key: 'do',
      head: <span className="hidden">Actions</span>,
      align: 'right',
      cell: ({ name }) => (
        <ActionButton size="compact-xs" variant="default" whyNot={mayNot} loading={busy} onClick={() => onTest(name)}>
          Send a test message
        </ActionButton>
      ),
    },
  ]
}

function messageColumns(
  mayNot: string | undefined,
  busy: boolean,
  onAgain: (id: string) => void,
): readonly Column<Message>[] {
  return [
    { key: 'at', head: 'When', cell: ({ queuedAt }) => <Time at={queuedAt} /> },
    { key: 'rule', head: 'Rule', cell: ({ rule }) => rule },
    {
      key: 'title',
      head: 'Message',
      cell: ({ title, url }) =>
        url.startsWith('https://') ? (
          <a href={url} rel="noreferrer" target="_blank">
            {title}
          </a>
        ) : (
          title
        ),
    },
    {
      key: 'state',
      head: 'Outcome',
      cell: (message) => (
        <span title={message.detail}>
          <State look={lookOfMessage(message)} />
          {message.detail !== '' && <span className="muted small two-lines">{message.detail}</span>}
        </span>
      ),
    },
    { key: 'attempts', head: 'Attempts', align: 'right', cell: ({ attempts }) => attempts },
    {
      key: 'do',
      head: <span className="hidden">Actions</span>,
      align: 'right',
      cell: ({ id, state }) =>
        state === 'failed' && (
          <ActionButton size="compact-xs" variant="default" whyNot={mayNot} loading={busy} onClick={() => onAgain(id)}>
            Send again
          </ActionButton>
        ),
    },
  ]
}
