import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { api, take } from '../../api/client'
import { integrationQuery } from '../../api/queries'
import { problemFrom } from '../../api/refused'
import type { Integration, Secret } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { ActionButton } from '../../widgets/ActionButton'
import { Command } from '../../widgets/Copy'
import { Dialog } from '../../widgets/Dialog'
import { Pairs } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { say } from '../../widgets/Toasts'
import { objectOf } from '../../words/object'

type Verb = 'allow' | 'forbid'

/** Where it may go, and who waits for it. */
export function Allowed({ secret, onAsk }: { secret: Secret; onAsk: (verb: Verb, integration: string) => void }) {
  const stale = new Set(secret.waiting)
  const allowed = secret.allowed.filter(({ integration }) => !stale.has(integration))
  if (allowed.length === 0 && secret.waiting.length === 0) return <span className="muted">nobody</span>
  return (
    <span className="stack tight">
      {allowed.map(({ integration, allowedBy }) => (
        <span key={integration} className="row">
          <span title={`by ${allowedBy.name}`}>{integration}</span>
          <ActionButton
            size="compact-xs"
            variant="default"
            onClick={() => onAsk('forbid', integration)}
          >
            Forbid
          </ActionButton>
        </span>
      ))}
      {secret.waiting.map((integration) => (
        <span key={integration} className="row">
          <State look={{ tone: 'wait', icon: 'clock', word: `${integration} waits` }} />
          <ActionButton
            size="compact-xs"
            variant="default"
            onClick={() => onAsk('allow', integration)}
          >
            Allow
          </ActionButton>
        </span>
      ))}
    </span>
  )
}

/** Where its credentials are sent: what is allowed is this place, and no other. */
export function Leads({ integration: { title, endpoint, spec, place } }: { integration: Integration }) {
  const words = (name: string) => [spec[name] ?? []].flat().join(', ')
  const config = Object.entries(objectOf(spec.config))
  const pairs: (readonly [string, ReactNode])[] = [
    ['Leads to', endpoint || title],
    ['By', title],
    ['Hosts', words('hosts')],
    ['Networks', words('networks')],
    ['Through', words('proxy')],
    ['Settings', config.length > 0 && <Command text={JSON.stringify(Object.fromEntries(config), null, 2)} label="its settings" />],
    ['Authority', typeof spec.ca === 'string' && <Command text={spec.ca} label="the own authority" />],
    ['Place', <code key="place">{place.slice(0, 'sha256:'.length + 12)}</code>],
  ]
  return <Pairs of={pairs.filter(([, said]) => said !== '' && said !== false)} />
}

interface UseProps {
  verb: Verb
  secret: Secret
  integration: string
  close: () => void
}

export function UseDialog({ verb, secret: { name }, integration, close }: UseProps) {
  const params = { path: { name } }
  const found = useQuery({ ...integrationQuery(integration), enabled: verb === 'allow' })
  const place = found.data?.place
  const act = useAct(
    (_: undefined, headers) =>
      verb === 'allow'
        ? take(api.POST('/api/v1/secrets/{name}/allow', { params, body: { integration, place: place ?? '' }, headers }))
        : take(api.POST('/api/v1/secrets/{name}/forbid', { params, body: { integration }, headers })),
    () => {
      say(verb === 'allow' ? `${integration} may use ${name}` : `${integration} may use ${name} no more`)
      close()
    },
  )
  return (
    <Dialog
      title={verb === 'allow' ? `Allow ${name} for ${integration}` : `Forbid ${name} for ${integration}`}
      submit={verb === 'allow' ? 'Allow it' : 'Forbid it'}
      grave={verb === 'forbid'}
      onClose={close}
      onSubmit={() => act.run(undefined)}
      busy={act.busy || (verb === 'allow' && found.isLoading)}
      problem={act.problem ?? (found.error ? problemFrom(found.error) : undefined)}
      command={verb === 'allow' ? commands.allowSecret(name, integration, place ?? 'PLACE') : commands.forbidSecret(name, integration)}
    >
      {found.data && <Leads integration={found.data} />}
      <p>
        {verb === 'allow'
          ? 'Its value is sent there. Where that changes, it is asked anew.'
          : 'What is reached through the integration is reached without it from now on, which may mean not at all.'}
      </p>
    </Dialog>
  )
}
