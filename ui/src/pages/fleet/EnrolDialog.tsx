import { Button, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { agentsQuery } from '../../api/queries'
import type { EnrolToken } from '../../api/types'
import { useAct } from '../../api/useAct'
import { AGENT } from '../../fleet/states'
import { lookOf } from '../../promotion/states'
import { Above } from '../../widgets/Above'
import { Command } from '../../widgets/Copy'
import { Dialog } from '../../widgets/Dialog'
import { State } from '../../widgets/State'
import { Time } from '../../widgets/Time'

const WATCH_MS = 2000

interface Props {
  /** Names that agents have already. */
  known: readonly string[]
  close: () => void
}

/** A token that is good once, and the command to run on the host; then waits for the agent to come. */
export function EnrolDialog({ known, close }: Props) {
  const [name, setName] = useState('')
  const [given, setGiven] = useState<EnrolToken>()
  const act = useAct(
    (body: { name: string }, headers) => take(api.POST('/api/v1/agents/tokens', { body, headers })),
    setGiven,
  )
  if (given !== undefined) return <Given token={given} close={close} />
  const taken = known.includes(name.trim())
  return (
    <Dialog
      title="Enrol an agent"
      submit="Give me the command"
      onClose={close}
      onSubmit={() => act.run({ name: name.trim() })}
      busy={act.busy}
      ready={name.trim() !== '' && !taken}
      problem={act.problem}
    >
      <p>The host needs Docker and the base install of Stella Ops. It must reach this server; this server never calls it.</p>
      <TextInput
        label="Name"
        description="Targets name their agent by it: the host's name is a good one."
        placeholder="host-a"
        data-autofocus
        value={name}
        error={taken ? 'There is an agent of this name' : undefined}
        onChange={(event) => setName(event.currentTarget.value)}
      />
    </Dialog>
  )
}

function Given({ token, close }: { token: EnrolToken; close: () => void }) {
  const agents = useQuery({ ...agentsQuery, refetchInterval: WATCH_MS }).data?.items ?? []
  const come = agents.find(({ name }) => name === token.name)
  return (
    <Above title={`Enrol ${token.name}`} onClose={close} size={720}>
      <div className="stack">
        <p>Run this on the host. The token in it is good once, and is not shown again.</p>
        <Command text={token.command} label="the command that enrols the agent" />
        <p className="row muted">
          The token ends <Time at={token.expiresAt} />
        </p>
        <div className="row between">
          <State
            look={
              come
                ? { ...lookOf(AGENT, come.state), word: `${token.name} is here: ${come.state}` }
                : { tone: 'busy', icon: 'loader-2', word: 'Waiting for it to come', spin: true }
            }
          />
          <Button variant="default" onClick={close}>
            Close
          </Button>
        </div>
      </div>
    </Above>
  )
}
