import { Textarea, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { useWhyNot } from '../../api/session'
import { foreseenQuery, takeDownsQuery } from '../../api/takeDowns'
import type { ForeseenTakeDown, TakeDown } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { TAKE_DOWN } from '../../deployment/states'
import { wayOf } from '../../fleet/way'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { ActionButton } from '../../widgets/ActionButton'
import { Digest } from '../../widgets/Copy'
import { Dialog } from '../../widgets/Dialog'
import { Icon } from '../../widgets/Icon'
import { Loading } from '../../widgets/Loading'
import { Panel } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import { say } from '../../widgets/Toasts'

/** The last take-downs of what ran there; nothing where there were none. */
export function TakeDowns({ environment }: { environment: string }) {
  const found = useQuery(takeDownsQuery(environment)).data?.items ?? []
  if (found.length === 0) return null
  return (
    <Panel title="Take-downs">
      <ul className="stack near">
        {found.map((one) => (
          <li key={one.id} className="stack tight">
            <State look={lookOf(TAKE_DOWN, one.state)} />
            <span>
              {one.release ? `${one.release.name} ${one.release.version}` : 'What deployments began'}: {one.reason}
            </span>
            {troubles(one).map((why) => (
              <span key={why} className="muted small">
                {why}
              </span>
            ))}
            <span className="muted small">
              <Time at={one.startedAt} exact />, by {one.requestedBy.name}
              {one.evidence[0] && (
                <>
                  ,{' '}
                  <Link {...paths.packet(one.evidence[0].id)} className="strong">
                    its evidence
                  </Link>
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

/** Each target that is not empty, and why. */
export function troubles({ targets }: Pick<TakeDown, 'targets'>): string[] {
  return targets.filter(({ message }) => message).map(({ target, message }) => `${target}: ${message}`)
}

/** Opens the question whether what runs there goes. */
export function TakeDownButton({ environment }: { environment: string }) {
  const [asking, setAsking] = useState(false)
  const mayNot = useWhyNot('deployment.operate')
  return (
    <>
      <ActionButton
        variant="default"
        whyNot={mayNot}
        onClick={() => setAsking(true)}
        leftSection={<Icon name="player-stop" />}
      >
        Take down
      </ActionButton>
      {asking && <TakeDownDialog environment={environment} close={() => setAsking(false)} />}
    </>
  )
}

/** What goes, shown beforehand; done only where its name is typed. */
function TakeDownDialog({ environment, close }: { environment: string; close: () => void }) {
  const [reason, setReason] = useState('')
  const [typed, setTyped] = useState('')
  const foreseen = useQuery(foreseenQuery(environment))
  const act = useAct(
    (body: { reason: string; planDigest: string | null }, headers) =>
      take(
        api.POST('/api/v1/environments/{name}/take-down', { params: { path: { name: environment } }, body, headers }),
      ),
    () => {
      say(`What runs in ${environment} is taken down`)
      close()
    },
  )
  const plan = foreseen.data?.planDigest ?? ''
  const may = foreseen.data?.against.length === 0
  return (
    <Dialog
      title={`Take down what runs in ${environment}`}
      submit="Take it down"
      grave
      onClose={close}
      onSubmit={() => act.run({ reason, planDigest: plan || null })}
      busy={act.busy}
      ready={may && reason.trim() !== '' && typed === environment}
      problem={act.problem}
      command={commands.takeDown(environment, reason, plan)}
    >
      {foreseen.isPending && <Loading label="Looking what would go" />}
      {foreseen.isError && <p className="muted">What would go cannot be shown: {foreseen.error.message}</p>}
      {foreseen.data && <Going foreseen={foreseen.data} />}
      <Textarea
        label="Reason"
        description="It stands in the evidence."
        data-autofocus
        required
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <TextInput
        label={`Type ${environment} to confirm`}
        required
        autoComplete="off"
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
    </Dialog>
  )
}

function Going({ foreseen }: { foreseen: ForeseenTakeDown }) {
  return (
    <div className="stack near">
      {foreseen.against.length > 0 && (
        <div role="alert" className="stack tight">
          <span className="strong">It cannot be taken down now:</span>
          <ul className="stack tight">
            {foreseen.against.map((why) => (
              <li key={why}>{why}</li>
            ))}
          </ul>
        </div>
      )}
      {foreseen.targets.length > 0 && (
        <>
          <p>
            Containers and the networks made for them go, one target after the other. Volumes stay. Nothing else goes in
            meanwhile.
          </p>
          <ul aria-label="What goes" className="stack near">
            {foreseen.targets.map((one) => (
              <li key={one.target} className="stack tight">
                <span>
                  <span className="strong">{one.target}</span>: {Object.keys(one.components).join(', ')} of {one.release}{' '}
                  {one.version}
                </span>
                <span className="muted small">
                  project {one.project}, {one.connector} on {one.agent}
                  {wayOf(one.reach)}: {[...new Set(one.actions.map(({ verb }) => verb.replaceAll('_', ' ')))].join(', ')}
                </span>
              </li>
            ))}
          </ul>
          <span className="row muted small">
            Plan <Digest value={foreseen.planDigest} label="plan digest" />
          </span>
        </>
      )}
    </div>
  )
}
