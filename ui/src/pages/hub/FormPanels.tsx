import { Checkbox, NativeSelect, Textarea, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { environmentsQuery } from '../../api/queries'
import type { Contribution } from '../../api/types'
import { titleOf } from '../../hub/schema'
import { kindWord } from '../../hub/states'
import { Panel } from '../../widgets/Panel'
import { ROLES } from '../access/roles'
import { CredentialField } from './CredentialField'
import style from './Form.module.css'
import type { Form } from './IntegrationForm'

interface ConnectorProps {
  form: Form
  connectors: readonly Contribution[]
  brought: Contribution | undefined
  onConnector: (to: Contribution) => void
}

const keyOf = (one: { kind: string; name: string }) => `${one.kind}/${one.name}`

/** What it is, and where. */
export function ConnectorPanel({ form, connectors, brought, onConnector }: ConnectorProps) {
  const { draft, isNew, change, at, touch } = form
  const kinds = [...new Set(connectors.map(({ kind }) => kind))]
  const gone = brought === undefined && [
    { group: 'Gone', items: [{ value: '', label: `${draft.kind}/${draft.connector}: no plugin brings it` }] },
  ]
  return (
    <Panel title="What and where">
      <div className={style.fields}>
        <NativeSelect
          label="Connector"
          value={brought === undefined ? '' : keyOf(brought)}
          error={at('connector')}
          onChange={(event) => {
            const to = connectors.find((one) => keyOf(one) === event.currentTarget.value)
            if (to !== undefined) onConnector(to)
          }}
          data={[
            ...(gone || []),
            ...kinds.map((kind) => ({
              group: kindWord(kind),
              items: connectors
                .filter((one) => one.kind === kind)
                .map((one) => ({ value: keyOf(one), label: one.title })),
            })),
          ]}
        />
        <TextInput
          label="Name"
          withAsterisk={isNew}
          classNames={isNew ? {} : { input: style.fixed ?? '' }}
          placeholder="main"
          autoFocus={isNew}
          readOnly={!isNew}
          title={isNew ? undefined : 'A name stays: others refer to it'}
          value={draft.name}
          error={at('name')}
          onBlur={() => touch('name')}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        {brought?.schemes.length !== 0 && <TextInput
          className={style.whole}
          label="Endpoint"
          withAsterisk
          description={
            draft.kind === 'registry'
              ? 'Its host, as it stands in image references; with :port where there is one.'
              : 'Its address: https://, the host, a port where there is one.'
          }
          placeholder={draft.kind === 'registry' ? 'registry.example:5000' : 'https://vault.example:8200'}
          classNames={{ input: style.code ?? '' }}
          spellCheck={false}
          value={draft.endpoint}
          error={at('endpoint')}
          onBlur={() => touch('endpoint')}
          onChange={(event) => change({ endpoint: event.currentTarget.value })}
        />}
        <Checkbox
          className={style.whole}
          label="Switched on"
          description="Switched off, nothing is reached by it, and what needs it is refused."
          checked={draft.enabled}
          onChange={(event) => change({ enabled: event.currentTarget.checked })}
        />
      </div>
    </Panel>
  )
}

interface CredentialsProps {
  form: Form
  names: readonly string[]
  brought: Contribution | undefined
  onStored: () => void
}

/** Where its credentials lie. */
export function CredentialsPanel({ form, names, brought, onStored }: CredentialsProps) {
  const { draft, change, at, touch } = form
  return (
    <Panel title="Credentials">
      <div className={style.fields}>
        <p className={`muted ${style.whole}`}>
          {names.length === 0
            ? 'It takes none.'
            : 'By reference: the secret itself stays where it lies, and is asked for at each use.'}
        </p>
        {at('credentials') !== undefined && <p className={`${style.fault} ${style.whole}`}>{at('credentials')}</p>}
        {names.map((name) => {
          const known = brought?.credentials.find((one) => one.name === name)
          return (
            <CredentialField
              key={name}
              name={name}
              title={known?.title ?? titleOf(name)}
              required={known?.required ?? false}
              value={draft.credentials[name] ?? ''}
              error={at(`credentials.${name}`)}
              onChange={(reference) => change({ credentials: { ...draft.credentials, [name]: reference } })}
              onLeave={() => touch(`credentials.${name}`)}
              onStored={onStored}
            />
          )
        })}
        {names.length > 0 && (
          <TextInput
            type="date"
            label="New credentials by"
            description="From that day on everybody is told that they are due."
            value={draft.rotateBy}
            error={at('rotateBy')}
            onChange={(event) => change({ rotateBy: event.currentTarget.value })}
          />
        )}
      </div>
    </Panel>
  )
}

/** What is used for an environment, as the server takes it; other kinds are asked for no one in particular. */
const BOUND = new Set(['registry', 'notifier', 'secret_store', 'scm', 'ci', 'object_store', 'router', 'metrics'])

/** By whom it may be used, and for which environments. */
export function ScopePanel({ form }: { form: Form }) {
  const { draft, change, at } = form
  const known = useQuery(environmentsQuery).data?.items ?? []
  const environments = [...new Set([...known.map(({ name }) => name), ...draft.environments])]
  const roles = [...new Set([...ROLES.map(([role]) => role as string), ...draft.roles])]
  return (
    <Panel title="Who may use it">
      <div className={style.fields}>
        <Checkbox.Group
          label="Roles"
          description={draft.roles.length === 0 ? 'None chosen: it is for everybody.' : 'It is for these only.'}
          value={[...draft.roles]}
          error={at('roles')}
          onChange={(chosen) => change({ roles: chosen })}
        >
          <div className={style.checks}>
            {roles.map((role) => (
              <Checkbox key={role} value={role} label={role} />
            ))}
          </div>
        </Checkbox.Group>
        {BOUND.has(draft.kind) && environments.length > 0 && (
          <Checkbox.Group
            label="Environments"
            description={draft.environments.length === 0 ? 'None chosen: it serves every one.' : 'It serves these only.'}
            value={[...draft.environments]}
            error={at('environments')}
            onChange={(chosen) => change({ environments: chosen })}
          >
            <div className={style.checks}>
              {environments.map((one) => (
                <Checkbox key={one} value={one} label={one} />
              ))}
            </div>
          </Checkbox.Group>
        )}
      </div>
    </Panel>
  )
}

/** What it may reach, by which way, and how much of it. */
export function ReachPanel({ form }: { form: Form }) {
  const { draft, change, at } = form
  const mono = { classNames: { input: style.code ?? '' }, spellCheck: false }
  return (
    <Panel title="Network and limits">
      <div className={style.fields}>
        <Textarea
          {...mono}
          label="Further hosts"
          description="That it leads to: token servers, content networks. One a line; *.name for all below one."
          placeholder="auth.example"
          value={draft.hosts}
          error={at('hosts')}
          onChange={(event) => change({ hosts: event.currentTarget.value })}
        />
        <Textarea
          {...mono}
          label="Private networks"
          description="That it may reach; no private one otherwise. One a line."
          placeholder="10.20.0.0/16"
          value={draft.networks}
          error={at('networks')}
          onChange={(event) => change({ networks: event.currentTarget.value })}
        />
        <TextInput
          label="Timeout of one call"
          description="In seconds, 1 to 600."
          inputMode="numeric"
          value={draft.timeoutS}
          error={at('timeoutS')}
          onChange={(event) => change({ timeoutS: event.currentTarget.value })}
        />
        <TextInput
          label="Requests per second"
          description="0 is no limit."
          inputMode="numeric"
          value={draft.requestsPerS}
          error={at('requestsPerS')}
          onChange={(event) => change({ requestsPerS: event.currentTarget.value })}
        />
        <TextInput
          {...mono}
          className={style.whole}
          label="Proxy"
          placeholder="http://proxy.example:3128"
          value={draft.proxy}
          error={at('proxy')}
          onChange={(event) => change({ proxy: event.currentTarget.value })}
        />
        <Textarea
          {...mono}
          className={style.whole}
          label="Own authority"
          description="The certificate, in PEM, of who signed its certificate, where no public authority did."
          placeholder="-----BEGIN CERTIFICATE-----"
          maxRows={8}
          value={draft.ca}
          error={at('ca')}
          onChange={(event) => change({ ca: event.currentTarget.value })}
        />
      </div>
    </Panel>
  )
}
