import { Link } from '@tanstack/react-router'
import { useWhyNot } from '../../api/session'
import type { Contribution, Plugin } from '../../api/types'
import { commands } from '../../commands'
import { capabilityWord, kindWithin } from '../../hub/states'
import { paths } from '../../paths'
import { ActionButton } from '../../widgets/ActionButton'
import { Command } from '../../widgets/Copy'
import { Pairs } from '../../widgets/Panel'
import type { PluginDialog } from './PluginDialogs'
import style from './Plugins.module.css'

interface Props {
  plugin: Plugin
  isOpen: boolean
  onAsk: (dialog: PluginDialog) => void
}

/** Beneath a plugin: why it is refused, always; everything else where it is unfolded. */
export function PluginMore({ plugin, isOpen, onAsk }: Props) {
  return (
    <div className={style.more}>
      {plugin.reasons.length > 0 && (
        <ul className={style.reasons} aria-label={`Why ${plugin.name} is refused`}>
          {plugin.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      {isOpen && (
        <>
          <Decisions plugin={plugin} onAsk={onAsk} />
          {plugin.contributes.map((one) => (
            <Brought key={`${one.kind}/${one.name}`} one={one} isUsed={plugin.state === 'loaded'} />
          ))}
          <Command text={commands.showPlugin(plugin.name)} label="the same from a terminal" />
        </>
      )}
    </div>
  )
}

type Needs = Plugin['needs']

function needsText(needs: Needs): string {
  const words = needs.map(
    ({ capability, hosts }) => `${capabilityWord(capability)}${hosts.length > 0 ? ` (${hosts.join(', ')})` : ''}`,
  )
  return words.join(', ') || 'nothing'
}

/** Where it runs, what it may do, which version is used, and the buttons that change that. */
function Decisions({ plugin, onAsk }: Pick<Props, 'plugin' | 'onAsk'>) {
  const mayNot = useWhyNot('plugin.change')
  const isOn = plugin.state !== 'off'
  const small = { size: 'compact-xs', variant: 'default', whyNot: mayNot } as const
  const newest = plugin.versions.at(-1) ?? ''
  const may =
    plugin.granted === null || plugin.granted === undefined
      ? plugin.runs === 'here'
        ? 'what it asks for: it came with the server'
        : 'nothing: nobody has decided'
      : needsText(plugin.granted)
  return (
    <div className="stack near">
      <Pairs
        of={[
          ['Runs', plugin.runs === 'here' ? 'in the server itself' : 'in processes of its own'],
          ['Asks for', needsText(plugin.needs)],
          ['May do', may],
          ...(plugin.versions.length === 0
            ? []
            : ([['Versions', <Versions key="versions" plugin={plugin} mayNot={mayNot} onAsk={onAsk} />]] as const)),
        ]}
      />
      <div className="row wrap">
        <ActionButton {...small} onClick={() => onAsk({ kind: 'grant', plugin })}>
          Grant
        </ActionButton>
        {isOn ? (
          <ActionButton {...small} onClick={() => onAsk({ kind: 'disable', plugin })}>
            Switch off
          </ActionButton>
        ) : (
          <ActionButton {...small} onClick={() => onAsk({ kind: 'enable', plugin, version: newest })}>
            {newest === '' ? 'Switch on' : `Use ${newest}`}
          </ActionButton>
        )}
      </div>
    </div>
  )
}

interface VersionsProps {
  plugin: Plugin
  mayNot: string | undefined
  onAsk: (dialog: PluginDialog) => void
}

function Versions({ plugin, mayNot, onAsk }: VersionsProps) {
  const isOn = plugin.state !== 'off'
  return (
    <ul className={style.versions}>
      {plugin.versions.map((version) => {
        const isUsed = isOn && version === plugin.version
        return (
          <li key={version} className="row">
            <span className={isUsed ? 'strong' : undefined}>{version}</span>
            {isUsed ? (
              <span className="muted">is used</span>
            ) : (
              <>
                {isOn && (
                  <ActionButton size="compact-xs" variant="default" whyNot={mayNot} onClick={() => onAsk({ kind: 'enable', plugin, version })}>
                    Use {version}
                  </ActionButton>
                )}
                <ActionButton size="compact-xs" variant="default" whyNot={mayNot} onClick={() => onAsk({ kind: 'remove', plugin, version })}>
                  Remove {version}
                </ActionButton>
              </>
            )}
          </li>
        )
      })}
    </ul>
  )
}

/** What no integration can be of: it has no endpoint. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set(['target', 'check', 'step', 'policy_pack'])

function Brought({ one, isUsed }: { one: Contribution; isUsed: boolean }) {
  return (
    <section className={style.brought} aria-label={one.title}>
      <div className="row wrap between">
        <h2>
          {one.title} <code className="muted">{`${one.kind}/${one.name}`}</code>
        </h2>
        {isUsed && !NEVER_CONNECTED.has(one.kind) && (
          <Link {...paths.newIntegration(`${one.kind}/${one.name}`)}>Add an integration with it</Link>
        )}
      </div>
      {one.credentials.length > 0 && (
        <p>
          <span className="muted">Credentials:</span>{' '}
          {one.credentials.map(({ title, required }) => `${title}${required ? '' : ' (optional)'}`).join(', ')}
        </p>
      )}
      {Object.keys(one.uses).length > 0 && (
        <p>
          <span className="muted">Uses integrations:</span>{' '}
          {Object.entries(one.uses)
            .map(([input, kind]) => `${kindWithin(kind)} (${input})`)
            .join(', ')}
        </p>
      )}
      <details>
        <summary>Schema of its settings</summary>
        <Command text={JSON.stringify(one.configSchema, null, 2)} label={`the schema of ${one.name}`} />
        {Object.keys(one.outputSchema).length > 0 && (
          <Command text={JSON.stringify(one.outputSchema, null, 2)} label={`the schema of the outputs of ${one.name}`} />
        )}
      </details>
    </section>
  )
}
