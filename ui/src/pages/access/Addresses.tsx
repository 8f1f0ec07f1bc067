import { TextInput } from '@mantine/core'
import { useState } from 'react'
import { api, take } from '../../api/client'
import type { User } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { ActionButton } from '../../widgets/ActionButton'
import { Dialog } from '../../widgets/Dialog'
import { say } from '../../widgets/Toasts'

/** By which addresses somebody commits: a rule that takes no author's word tells authors by them. */
export function Addresses({ user, close }: { user: User; close: () => void }) {
  const [address, setAddress] = useState('')
  const add = useAct(
    (one: string, headers) =>
      take(api.POST('/api/v1/users/{user}/addresses', { params: { path: { user: user.id } }, body: { address: one }, headers })),
    () => {
      say(`${address.trim()} is ${user.name}'s`)
      close()
    },
  )
  const remove = useAct(
    (one: string, headers) =>
      take(
        api.DELETE('/api/v1/users/{user}/addresses/{address}', {
          params: { path: { user: user.id, address: one } },
          headers,
        }),
      ),
    () => {
      say('It is nobody’s any more')
      close()
    },
  )
  return (
    <Dialog
      title={`Addresses of ${user.name}'s commits`}
      submit="Add"
      onClose={close}
      onSubmit={() => add.run(address.trim())}
      busy={add.busy || remove.busy}
      ready={address.trim() !== ''}
      problem={add.problem ?? remove.problem}
      command={commands.addAddress(user.name, address)}
    >
      {user.addresses.length === 0 && <p className="muted">None is known.</p>}
      <ul className="stack near">
        {user.addresses.map((one) => (
          <li key={one} className="row between">
            <span>{one}</span>
            <ActionButton size="compact-xs" variant="default" aria-label={`Remove ${one}`} onClick={() => remove.run(one)}>
              Remove
            </ActionButton>
          </li>
        ))}
      </ul>
      <TextInput
        label="Address"
        description="As commits have it. One address is one user's."
        data-autofocus
        autoComplete="off"
        value={address}
        onChange={(event) => setAddress(event.currentTarget.value)}
      />
    </Dialog>
  )
}
