import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { integrationHealthQuery, integrationQuery, pluginsQuery } from '../../api/queries'
import { useWhyNot } from '../../api/session'
import type { Integration, IntegrationHealth } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { tidy } from '../../hub/draft'
import { lookOfHealth, OUTCOME } from '../../hub/states'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { ActionButton } from '../../widgets/ActionButton'
import { Command } from '../../widgets/Copy'
import { Dialog } from '../../widgets/Dialog'
import { Icon } from '../../widgets/Icon'
import { PageHead, Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { say } from '../../widgets/Toasts'
import { yamlText } from '../../words/yaml'
import style from './Hub.module.css'
import { REFRESH_MS } from './IntegrationsPage'
import { Leads } from './SecretUses'
import { Bounds, Settings } from './Settings'
import { WebhookPanel } from './WebhookPanel'

const route = getRouteApi('/shell/integrations/$name')

export function IntegrationPage() {
  const { name } = route.useParams()
  const integration = useSuspenseQuery({ ...integrationQuery(name), refetchInterval: REFRESH_MS }).data
  const plugins = useSuspenseQuery(pluginsQuery).data.items
  const brought = plugins
    .flatMap(({ contributes }) => contributes)
    .find((one) => one.kind === integration.kind && one.name === integration.connector)
  return (
    <>
      <PageHead
        title={name}
        sub={
          <>
            <span>{integration.title}</span>
            {integration.endpoint !== '' && <code>{integration.endpoint}</code>}
          </>
        }
        actions={<Actions name={name} />}
      />
      <div className="split">
        <div className="stack">
          <Notes integration={integration} />
          {integration.kind === 'webhook' && <WebhookPanel name={name} />}
          <HealthPanel integration={integration} />
          <Settings integration={integration} brought={brought} />
        </div>
        <div className="stack">
          <Bounds integration={integration} />
          <Panel title="The document">
            <Command text={yamlText(tidy(name, integration.spec))} label="the document" />
          </Panel>
          <Panel title="From a terminal">
            <div className="stack near">
              <Command text={commands.testIntegration(name)} label="the command that tests it" />
              <Command text={commands.integrationHistory(name)} label="the command that lists how it was" />
              <Command text={commands.getIntegration(name)} label="the command that writes the document" />
              {integration.kind === 'webhook' && (
                <>
                  <Command text={commands.webhookAddress(name)} label="the command that shows its address" />
                  <Command text={commands.listDeliveries(name)} label="the command that lists its deliveries" />
                </>
              )}
            </div>
          </Panel>
        </div>
      </div>
    </>
  )
}

/** What a reader must know before all else. */
function Notes({ integration }: { integration: Integration }) {
  const { name, place, waitsFor, overridesSettings, endpoint, owner } = integration
  if (waitsFor.length === 0 && !overridesSettings && owner === null) return null
  return (
    <Panel title="To know" label="To know">
      <div className="stack near">
        {waitsFor.map((secret) => (
          <div key={secret} className="stack tight">
            <State look={{ tone: 'wait', icon: 'clock', word: `It was not allowed the secret ${secret}` }} />
            <span className="muted">Who stored it, or an administrator, may allow it, to where it leads now:</span>
            <Leads integration={integration} />
            <Command text={commands.allowSecret(secret, name, place)} label="the command that allows it" />
          </div>
        ))}
        {owner !== null && (
          <p>
            Its document is kept by <code>{owner}</code>: change it where it is written down. From here a change is refused.
          </p>
        )}
        {overridesSettings && (
          <p>
            <code>{endpoint}</code> stands in the server’s settings too; this integration counts, and the settings do not.
          </p>
        )}
      </div>
    </Panel>
  )
}

function Actions({ name }: { name: string }) {
  const navigate = useNavigate()
  const mayNot = useWhyNot('integration.change')
  const [deleting, setDeleting] = useState(false)
  return (
    <>
      <ActionButton variant="default" whyNot={mayNot} onClick={() => setDeleting(true)}>
        Delete
      </ActionButton>
      <ActionButton whyNot={mayNot} onClick={() => void navigate(paths.changeIntegration(name))}>
        Change
      </ActionButton>
      {deleting && <DeleteDialog name={name} close={() => setDeleting(false)} />}
    </>
  )
}

/** Of the history, before somebody asks for the rest. */
const SHOWN = 8

const HISTORY: readonly Column<IntegrationHealth>[] = [
  { key: 'at', head: 'When', cell: ({ at }) => <Time at={at} /> },
  { key: 'outcome', head: 'Outcome', cell: ({ outcome }) => <State look={lookOf(OUTCOME, outcome)} /> },
  {
    key: 'took',
    head: 'Took',
    align: 'right',
    cell: ({ durationMs }) => <span className="nowrap">{durationMs} ms</span>,
  },
  { key: 'detail', head: 'What was found', width: '100%', cell: ({ detail }) => detail },
]

/** How it is now, with the test beside it, and how it was. */
function HealthPanel({ integration }: { integration: Integration }) {
  const { name, enabled, health, leftAloneUntil } = integration
  const history = useQuery({ ...integrationHealthQuery(name), refetchInterval: REFRESH_MS }).data?.items ?? []
  const [all, setAll] = useState(false)
  const mayNot = useWhyNot('integration.change')
  const act = useAct(
    (_: undefined, headers) =>
      take(api.POST('/api/v1/integrations/{name}/test', { params: { path: { name } }, headers })),
    () => undefined,
  )
  return (
    <Panel
      title="Health"
      label="Health"
      flush
      side={
        <ActionButton
          size="compact-xs"
          variant="default"
          whyNot={mayNot}
          loading={act.busy}
          leftSection={<Icon name="heartbeat" size={14} />}
          onClick={() => act.run(undefined)}
        >
          Test connection
        </ActionButton>
      }
    >
      <div className={style.now} aria-live="polite">
        <State look={lookOfHealth(integration)} pill />
        {enabled && leftAloneUntil !== null && (
          <span className="nowrap">
            until <Time at={leftAloneUntil} />: it failed again and again
          </span>
        )}
        <span className="grow">
          {health === null ? (
            <span className="muted">Nobody has tested it, and nothing has used it.</span>
          ) : (
            <>
              {health.detail}{' '}
              <span className="muted">
                <Time at={health.at} />, in {health.durationMs} ms
              </span>
            </>
          )}
        </span>
      </div>
      {act.problem && (
        <div className={style.note}>
          <Refusal problem={act.problem} />
        </div>
      )}
      {history.length > 1 && (
        <Table
          label="How it was"
          rows={all ? history : history.slice(0, SHOWN)}
          rowKey={({ at }) => at}
          columns={HISTORY}
          more={{ has: !all && history.length > SHOWN, busy: false, load: () => setAll(true) }}
        />
      )}
    </Panel>
  )
}

function DeleteDialog({ name, close }: { name: string; close: () => void }) {
  const navigate = useNavigate()
  const act = useAct(
    (_: undefined, headers) => take(api.DELETE('/api/v1/integrations/{name}', { params: { path: { name } }, headers })),
    () => {
      say(`The integration ${name} is no more`)
      void navigate(paths.integrations())
    },
  )
  return (
    <Dialog
      title={`Delete ${name}`}
      submit="Delete it"
      grave
      onClose={close}
      onSubmit={() => act.run(undefined)}
      busy={act.busy}
      problem={act.problem}
      command={commands.deleteIntegration(name)}
    >
      <p>
        What it reaches is reached no more, or without its credentials. The secrets that it names stay. Its document
        brings it back.
      </p>
    </Dialog>
  )
}
