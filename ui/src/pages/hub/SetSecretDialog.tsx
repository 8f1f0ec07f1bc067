import { Button, FileButton, PasswordInput, TextInput } from '@mantine/core'
import { useRef, useState } from 'react'
import { api, take } from '../../api/client'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { Dialog } from '../../widgets/Dialog'
import { Icon } from '../../widgets/Icon'
import { say } from '../../widgets/Toasts'

interface Props {
  /** Of the secret that gets a new value; a new secret is named here. */
  name?: string
  usedBy?: readonly string[]
  close: () => void
  onStored?: (name: string) => void
}

/**
 * A secret's value, on its way to the server and nowhere else.
 *
 * It lies in the field itself, in no state of this page and in no cache, and is taken out of it when it is stored.
 */
export function SetSecretDialog({ name: given, usedBy, close, onStored }: Props) {
  const field = useRef<HTMLInputElement>(null)
  const file = useRef<string>(undefined)
  const [name, setName] = useState(given ?? '')
  const [fileName, setFileName] = useState<string>()
  const [filled, setFilled] = useState(false)
  const clear = () => {
    if (field.current !== null) field.current.value = ''
    file.current = undefined
  }
  const act = useAct(
    (to: string) =>
      take(
        api.PUT('/api/v1/secrets/{name}', {
          params: { path: { name: to } },
          body: { value: file.current ?? field.current?.value ?? '' },
        }),
      ),
    (stored) => {
      clear()
      say(`The secret ${stored.name} is stored, version ${stored.version}`)
      onStored?.(stored.name)
      close()
    },
  )
  const read = async (chosen: File | null) => {
    if (chosen === null) return
    // A line's end after the last line belongs to the file, not to the secret; `stella secret set` does the same.
    file.current = (await chosen.text()).replace(/[\r\n]+$/, '')
    setFileName(chosen.name)
    setFilled(file.current !== '')
  }
  return (
    <Dialog
      title={given === undefined ? 'Store a secret' : `Set a new value of ${given}`}
      submit="Store it"
      onClose={() => {
        clear()
        close()
      }}
      onSubmit={() => act.run(name.trim())}
      busy={act.busy}
      ready={name.trim() !== '' && filled}
      problem={act.problem}
      command={commands.setSecret(name.trim())}
    >
      <p>
        It is encrypted and shown to nobody again, you included.
        {usedBy !== undefined && usedBy.length > 0 && ` ${usedBy.join(', ')} ${usedBy.length === 1 ? 'uses' : 'use'} the new value from now on.`}
      </p>
      {given === undefined && (
        <TextInput
          label="Name"
          description="Lower-case letters, digits and hyphens; integrations refer to it as secret://NAME."
          placeholder="registry-password"
          autoComplete="off"
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      )}
      {fileName === undefined ? (
        <PasswordInput
          ref={field}
          label="Value"
          autoComplete="off"
          data-1p-ignore
          data-lpignore="true"
          data-autofocus={given === undefined ? undefined : true}
          onChange={(event) => setFilled(event.currentTarget.value !== '')}
        />
      ) : (
        <p className="row">
          <Icon name="file-text" /> The value is what {fileName} holds.
        </p>
      )}
      <FileButton onChange={(chosen) => void read(chosen)}>
        {(props) => (
          <Button variant="default" style={{ alignSelf: 'flex-start' }} {...props}>
            {fileName === undefined ? 'Several lines: read it from a file' : 'Another file'}
          </Button>
        )}
      </FileButton>
    </Dialog>
  )
}
