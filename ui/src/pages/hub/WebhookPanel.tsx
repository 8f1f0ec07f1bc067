import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api, take } from '../../api/client'
import { webhookQuery } from '../../api/queries'
import { DELIVERY, refusalWord, times } from '../../hub/states'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { Command } from '../../widgets/Copy'
import { Panel } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import { DeliveryTable } from './DeliveryTable'
import style from './Hub.module.css'
import { REFRESH_MS } from './IntegrationsPage'

/** Of the deliveries, before somebody asks for the rest. */
const SHOWN = 8

/** Where its service sends to, what arrived, and what was refused at the door. */
export function WebhookPanel({ name }: { name: string }) {
  const webhook = useQuery({ ...webhookQuery(name), refetchInterval: REFRESH_MS }).data
  const rows =
    useQuery({
      queryKey: ['webhooks', 'newest', name],
      queryFn: () =>
        take(api.GET('/api/v1/webhook-deliveries', { params: { query: { integration: name, limit: SHOWN } } })),
      refetchInterval: REFRESH_MS,
    }).data?.items ?? []
  return (
    <>
      <Panel title="Its address">
        <div className="stack near">
          <Command text={webhook?.address ?? ''} label="the address of the webhook" />
          <p className="muted">
            Give it to the service, with the secret that stands under Credentials. Nobody logs in there: the signature
            is the proof.
          </p>
        </div>
      </Panel>
      <Panel
        title="Deliveries"
        label="Deliveries of the webhook"
        flush
        side={rows.length > 0 && <Link {...paths.webhooks({ integration: name })}>All of them</Link>}
      >
        {webhook !== undefined && (
          <div className={style.now}>
            {Object.entries(webhook.deliveries)
              .filter(([state, count]) => count > 0 || state === 'handled')
              .map(([state, count]) => {
                const look = lookOf(DELIVERY, state)
                return <State key={state} look={{ ...look, word: `${count} ${look.word.toLowerCase()}` }} />
              })}
            {webhook.refusals.map(({ code, count, lastAt }) => (
              <span key={code} className="grow muted">
                Refused {times(count)}: {refusalWord(code)} ({code}), last <Time at={lastAt} />
              </span>
            ))}
          </div>
        )}
        {rows.length > 0 ? (
          <DeliveryTable rows={rows} isOfOne />
        ) : (
          <p className={`muted ${style.note}`}>Nothing has arrived yet.</p>
        )}
      </Panel>
    </>
  )
}
