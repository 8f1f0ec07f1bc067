import { NativeSelect, Textarea } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { environmentsQuery, releasesQuery } from '../../api/queries'
import type { FreezeWindow } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { whatIsFrozen } from '../../environment/calendar'
import { Dialog } from '../../widgets/Dialog'
import { say } from '../../widgets/Toasts'

/** One release through one window, where another person asks for its promotion. */
export function OverrideDialog({ window, close }: { window: FreezeWindow; close: () => void }) {
  const known = useQuery(environmentsQuery).data?.items.map(({ name }) => name) ?? []
  const frozen = window.environments.length > 0 ? window.environments : known
  const releases = useInfiniteQuery(releasesQuery()).data?.pages.flatMap((page) => page.items) ?? []
  const [chosen, setEnvironment] = useState('')
  const [release, setRelease] = useState('')
  const [reason, setReason] = useState('')
  const environment = chosen || frozen[0] || ''
  const act = useAct(
    (body: { environment: string; release: string; reason: string }, headers) =>
      take(api.POST('/api/v1/freezes/{freeze}/override', { params: { path: { freeze: window.freeze } }, body, headers })),
    (made) => {
      say(`It may go to ${made.environment}, where another person asks for it`)
      close()
    },
  )
  return (
    <Dialog
      title="Let a release through the freeze"
      submit="Let it through"
      grave
      onClose={close}
      onSubmit={() => act.run({ environment, release, reason })}
      busy={act.busy}
      ready={environment !== '' && release !== '' && reason.trim() !== ''}
      problem={act.problem}
      command={commands.overrideFreeze(window.freeze, environment, release, reason)}
    >
      <p>
        {whatIsFrozen(window)}: {window.reason}. It takes two people: this counts only where somebody else asks for the
        promotion, afterwards. Who, when and why stands in the evidence.
      </p>
      <NativeSelect
        label="Environment"
        value={environment}
        onChange={(event) => setEnvironment(event.currentTarget.value)}
        data={frozen}
      />
      <NativeSelect
        label="Release"
        value={release}
        onChange={(event) => setRelease(event.currentTarget.value)}
        data={[
          { value: '', label: 'Choose one' },
          ...releases.map(({ id, name, version }) => ({ value: id, label: `${name} ${version}` })),
        ]}
      />
      <Textarea
        label="Reason"
        description="It stands in the evidence."
        required
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </Dialog>
  )
}
