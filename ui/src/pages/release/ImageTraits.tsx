import { useQuery } from '@tanstack/react-query'
import { imageQuery } from '../../api/queries'
import type { Image } from '../../api/types'
import { lifetimeWords, powerOf, programOf, secretPlace, userWords } from '../../release/image'
import { Icon } from '../../widgets/Icon'
import { Pairs, Panel } from '../../widgets/Panel'
import { Time } from '../../widgets/Time'
import { count } from '../../words/text'

type Traits = NonNullable<Image['traits']>

const LINES_MAX = 50

/** What the image is beside its packages. Nothing of it is red by itself: what may not pass is the policy's word. */
export function ImageTraits({ scan }: { scan: string }) {
  const image = useQuery(imageQuery(scan)).data
  if (!image) return null
  if (image.traits === null) {
    return (
      <Panel title="The image">
        <p className="muted">Its scan does not say what it is beside its packages. Scan it again.</p>
      </Panel>
    )
  }
  const { traits, lifetime } = image
  return (
    <Panel title="The image">
      <Pairs
        of={[
          ['Runs', <Program key="runs" traits={traits} />],
          ['As', userWords(traits.user)],
          ['Secrets', <Secrets key="secrets" traits={traits} />],
          ['More power', <Powers key="powers" traits={traits} />],
          ...(lifetime === null ? [] : ([['Lasts', lifetimeWords(lifetime)]] as const)),
          ...(image.knownBase === null ? [] : ([['Built on', <KnownBase key="known" base={image.knownBase} />]] as const)),
          ...(traits.base === null ? [] : ([['Says of its base', <Base key="base" base={traits.base} />]] as const)),
          ...traits.provenance.map(
            (one) => ['Built by', `${one.builder || 'unnamed'} ${one.source} ${one.revision}, not verified`] as const,
          ),
        ]}
      />
    </Panel>
  )
}

function Program({ traits }: { traits: Traits }) {
  const { entry } = traits
  if (entry === null || entry.confidence === 'unknown') {
    return (
      <span>
        <Icon name="help-circle" size={14} /> unknown{entry === null ? '' : `: ${entry.reason}`}
      </span>
    )
  }
  return (
    <details>
      <summary>
        <code>{programOf(entry)}</code>
        {entry.interpreter !== '' && (
          <>
            {' by '}
            <code>{entry.interpreter}</code>
          </>
        )}
        {entry.user !== '' && ` as ${entry.user}`}{' '}
        <span className="muted">
          {entry.confidence}
          {entry.reason === '' ? '' : `: ${entry.reason}`}
        </span>
      </summary>
      <ol aria-label="From the entry point to the program">
        {entry.steps.map((step, index) => (
          // Steps never change their places, and two may be alike.
          <li key={`${index} ${step.path}`}>
            <code>{step.path}</code> <span className="muted">{step.how}</span> {step.package}
          </li>
        ))}
      </ol>
    </details>
  )
}

function Secrets({ traits }: { traits: Traits }) {
  if (traits.secrets.length === 0) return <span className="muted">none found</span>
  return (
    <Some
      total={traits.secrets.length}
      what="place"
      lines={traits.secrets.map(
        (one) => `${one.rule} in ${secretPlace(one)}${one.deleted ? ', deleted above it and still in the image' : ''}`,
      )}
    />
  )
}

function Powers({ traits }: { traits: Traits }) {
  if (traits.privileged.length === 0) return <span className="muted">no file</span>
  const foreign = traits.privileged.filter((one) => one.package === '')
  return (
    <Some
      total={traits.privileged.length}
      what="file"
      note={foreign.length === 0 ? 'all of system packages' : `${foreign.length} of no system package`}
      lines={[...foreign, ...traits.privileged.filter((one) => one.package !== '')].map(
        (one) => `${one.path} ${powerOf(one)} ${one.package}`,
      )}
    />
  )
}

function Some({ total, what, note = '', lines }: { total: number; what: string; note?: string; lines: string[] }) {
  return (
    <details>
      <summary>
        {count(total, what)} <span className="muted">{note}</span>
      </summary>
      <ul>
        {lines.slice(0, LINES_MAX).map((line, index) => (
          <li key={`${index} ${line}`}>{line}</li>
        ))}
      </ul>
    </details>
  )
}

function KnownBase({ base }: { base: NonNullable<Image['knownBase']> }) {
  return (
    <span>
      <code>{base.reference}</code> <span className="muted">its lowest {count(base.layers, 'layer')} are the same</span>
      {base.created !== null && (
        <span className="muted">
          , made <Time at={base.created} />
        </span>
      )}
    </span>
  )
}

function Base({ base }: { base: NonNullable<Traits['base']> }) {
  return (
    <span>
      {base.name} <code className="muted">{base.digest}</code> <span className="muted">{base.how}, not verified</span>
    </span>
  )
}
