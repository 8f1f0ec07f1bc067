import { Button, Checkbox, FileButton } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { api, take } from '../../api/client'
import type { Capability, Plugin } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { capabilityWord } from '../../hub/states'
import { Dialog } from '../../widgets/Dialog'
import { Icon } from '../../widgets/Icon'
import { say } from '../../widgets/Toasts'

export type PluginDialog =
  | { kind: 'install' }
  | { kind: 'grant' | 'disable'; plugin: Plugin }
  | { kind: 'enable' | 'remove'; plugin: Plugin; version: string }

interface Props {
  open: PluginDialog
  close: () => void
}

/** What can be decided about plugins, each asked for once more before it is done. */
export function PluginDialogs({ open, close }: Props) {
  switch (open.kind) {
    case 'install':
      return <InstallDialog close={close} />
    case 'grant':
      return <GrantDialog plugin={open.plugin} close={close} />
    case 'disable':
      return (
        <Ask
          title={`Switch ${open.plugin.name} off`}
          submit="Switch it off"
          done={`${open.plugin.name} is switched off`}
          command={commands.disablePlugin(open.plugin.name)}
          call={(headers) =>
            take(api.POST('/api/v1/plugins/{name}/disable', { params: { path: { name: open.plugin.name } }, headers }))
          }
          close={close}
        >
          It is used no more, and its processes end. That is refused while an integration or a target uses what it
          brings.
        </Ask>
      )
    case 'enable':
      return (
        <Ask
          title={`Use ${open.plugin.name} ${open.version}`.trim()}
          submit="Use it"
          done={open.version === '' ? `${open.plugin.name} is switched on` : `${open.plugin.name} ${open.version} is used`}
          command={commands.enablePlugin(open.plugin.name, open.version)}
          call={(headers) =>
            take(
              api.POST('/api/v1/plugins/{name}/enable', {
                params: { path: { name: open.plugin.name } },
                body: { version: open.version === '' ? null : open.version, force: false },
                headers,
              }),
            )
          }
          close={close}
        >
          It is used from now on, while the server runs; where it asks for more than it is granted, it is refused.
        </Ask>
      )
    case 'remove':
      return (
        <Ask
          title={`Remove ${open.plugin.name} ${open.version}`}
          submit="Remove it"
          grave
          done={`${open.plugin.name} ${open.version} is removed`}
          command={commands.removePlugin(open.plugin.name, open.version)}
          call={(headers) =>
            take(
              api.DELETE('/api/v1/plugins/{name}/versions/{version}', {
                params: { path: { name: open.plugin.name, version: open.version } },
                headers,
              }),
            )
          }
          close={close}
        >
          This version is taken from the server. To use it again, install its wheel again.
        </Ask>
      )
    default:
      return open satisfies never
  }
}

interface AskProps {
  title: string
  submit: string
  grave?: boolean
  done: string
  command: string
  call: (headers: { 'Idempotency-Key': string }) => Promise<unknown>
  close: () => void
  children: ReactNode
}

function Ask({ title, submit, grave, done, command, call, close, children }: AskProps) {
  const act = useAct(
    (_: undefined, headers) => call(headers),
    () => {
      say(done)
      close()
    },
  )
  return (
    <Dialog
      title={title}
      submit={submit}
      grave={grave ?? false}
      onClose={close}
      onSubmit={() => act.run(undefined)}
      busy={act.busy}
      problem={act.problem}
      command={command}
    >
      <p>{children}</p>
    </Dialog>
  )
}

const CHUNK = 8192

/** Base64, as JSON carries bytes. */
async function base64Of(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  let text = ''
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK))
  return btoa(text)
}

function InstallDialog({ close }: { close: () => void }) {
  const [wheel, setWheel] = useState<File>()
  const act = useAct(
    async (file: File, headers) =>
      take(api.POST('/api/v1/plugins', { body: { wheel: await base64Of(file) }, headers })),
    (plugin) => {
      say(`${plugin.name} is installed; nothing of it runs yet`)
      close()
    },
  )
  return (
    <Dialog
      title="Install a plugin"
      submit="Install it"
      onClose={close}
      onSubmit={() => wheel !== undefined && act.run(wheel)}
      busy={act.busy}
      ready={wheel !== undefined}
      problem={act.problem}
      command={commands.installPlugin(wheel?.name ?? '')}
    >
      <p>
        A plugin comes as a wheel. Nothing of it runs, and nothing is fetched, by installing it: grant what it may do,
        then use it. It runs in processes of its own.
      </p>
      <div className="row">
        <FileButton accept=".whl" onChange={(chosen) => setWheel(chosen ?? undefined)}>
          {(props) => (
            <Button variant="default" data-autofocus {...props}>
              Choose a wheel
            </Button>
          )}
        </FileButton>
        {wheel !== undefined && (
          <span className="row">
            <Icon name="file-text" /> {wheel.name}
          </span>
        )}
      </div>
    </Dialog>
  )
}

function GrantDialog({ plugin, close }: { plugin: Plugin; close: () => void }) {
  const { name } = plugin
  const had = plugin.granted ?? []
  const further = had.filter((one) => plugin.needs.every(({ capability }) => capability !== one.capability))
  const offered = [...plugin.needs, ...further]
  const [chosen, setChosen] = useState<string[]>(() =>
    (plugin.granted ?? (plugin.runs === 'here' ? plugin.needs : [])).map(({ capability }) => capability),
  )
  const granted = offered.filter(({ capability }) => chosen.includes(capability))
  const act = useAct(
    (_: undefined, headers) =>
      take(
        api.POST('/api/v1/plugins/{name}/grant', {
          params: { path: { name } },
          // The server judges the words; a capability that it knows may be newer than this page.
          body: { granted: granted.map(({ capability, hosts }) => ({ capability: capability as Capability, hosts })) },
          headers,
        }),
      ),
    () => {
      say(`What ${name} may do is changed`)
      close()
    },
  )
  const allowed = granted.flatMap(({ capability, hosts }) =>
    hosts.length === 0 ? [capability] : hosts.map((host) => `${capability}=${host}`),
  )
  return (
    <Dialog
      title={`What ${name} may do`}
      submit="Grant these"
      onClose={close}
      onSubmit={() => act.run(undefined)}
      busy={act.busy}
      problem={act.problem}
      command={commands.grantPlugin(name, allowed)}
    >
      <p>What is not chosen is not granted. A plugin that asks for more than it is granted is not used.</p>
      <Checkbox.Group label="It asks for" value={chosen} onChange={setChosen}>
        <div className="stack near" style={{ paddingTop: 6 }}>
          {offered.length === 0 && <p className="muted">nothing</p>}
          {offered.map(({ capability, hosts }) => (
            <Checkbox
              key={capability}
              value={capability}
              label={capabilityWord(capability)}
              description={hosts.length > 0 ? hosts.join(', ') : undefined}
            />
          ))}
        </div>
      </Checkbox.Group>
    </Dialog>
  )
}
