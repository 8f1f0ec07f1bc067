import { Button, Menu, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { integrationsQuery, secretsQuery } from '../../api/queries'
import { useWhyNot } from '../../api/session'
import { Icon } from '../../widgets/Icon'
import style from './Form.module.css'
import { SetSecretDialog } from './SetSecretDialog'

interface Props {
  name: string
  title: string
  required: boolean
  value: string
  error: string | undefined
  onChange: (reference: string) => void
  onLeave: () => void
  /** A secret was stored meanwhile: what led nowhere may lead somewhere now. */
  onStored: () => void
}

const WRITTEN = [
  ['env://', 'A variable of the server'],
  ['file:///', 'A file of the server'],
] as const

/** Where a credential lies: chosen, or written. Never the credential itself. */
export function CredentialField({ name, title, required, value, error, onChange, onLeave, onStored }: Props) {
  const mayNot = useWhyNot('secret.change')
  const secrets = useQuery({ ...secretsQuery, enabled: mayNot === undefined }).data?.items ?? []
  const stores = (useQuery(integrationsQuery).data?.items ?? []).filter(({ kind }) => kind === 'secret_store')
  const [storing, setStoring] = useState(false)
  const menu = (
    <Menu position="bottom-end" withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button
          variant="default"
          className={style.choose ?? ''}
          rightSection={<Icon name="chevron-down" size={14} />}
          aria-label={`Choose ${title}`}
        >
          Choose
        </Button>
      </Menu.Target>
      <Menu.Dropdown className={style.menu ?? ''}>
        <Menu.Label>Secrets of the built-in store</Menu.Label>
        {secrets.map((secret) => (
          <Menu.Item key={secret.name} leftSection={<Icon name="key" size={14} />} onClick={() => onChange(`secret://${secret.name}`)}>
            {secret.name}
          </Menu.Item>
        ))}
        <Menu.Item
          leftSection={<Icon name="plus" size={14} />}
          disabled={mayNot !== undefined}
          title={mayNot}
          onClick={() => setStoring(true)}
        >
          Store a new secret
        </Menu.Item>
        <Menu.Label>Elsewhere, to be written out</Menu.Label>
        {WRITTEN.map(([start, what]) => (
          <Menu.Item key={start} rightSection={<code className="muted">{start}</code>} onClick={() => onChange(start)}>
            {what}
          </Menu.Item>
        ))}
        {stores.map((store) => (
          <Menu.Item
            key={store.name}
            rightSection={<code className="muted">{`${store.connector}://${store.name}/`}</code>}
            onClick={() => onChange(`${store.connector}://${store.name}/`)}
          >
            {store.title} {store.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
  return (
    <>
      <TextInput
        className={style.whole}
        inputContainer={(input) => (
          <div className={style.credential}>
            {input}
            {menu}
          </div>
        )}
        label={title}
        withAsterisk={required}
        error={error}
        name={`reference-${name}`}
        autoComplete="off"
        spellCheck={false}
        placeholder="secret://NAME"
        classNames={{ input: style.code ?? '' }}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value.trim())}
        onBlur={onLeave}
      />
      {storing && (
        <SetSecretDialog
          close={() => setStoring(false)}
          onStored={(secret) => {
            onChange(`secret://${secret}`)
            onStored()
          }}
        />
      )}
    </>
  )
}
