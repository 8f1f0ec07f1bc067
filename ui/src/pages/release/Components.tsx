import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api, take } from '../../api/client'
import { useWhyNot } from '../../api/session'
import type { Release, ReleaseComponent, Scan } from '../../api/types'
import { useAct } from '../../api/useAct'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { SCAN } from '../../release/scans'
import { ActionButton } from '../../widgets/ActionButton'
import { Digest } from '../../widgets/Copy'
import { Icon } from '../../widgets/Icon'
import { Panel } from '../../widgets/Panel'
import { SeverityCounts } from '../../widgets/Severity'
import { State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import { count, shortDigest } from '../../words/text'
import style from './Components.module.css'

/** What the release is made of: each image by digest, each platform with what was found in it. */
export function Components({ release }: { release: Release }) {
  return (
    <Panel title={count(release.components.length, 'component')} flush>
      <ul>
        {release.components.map((component) => (
          <li key={component.name} className={style.component}>
            <div className="stack tight">
              <span className={style.name}>{component.name}</span>
              <span className="row wrap">
                <code className="muted">{component.reference}</code>
              </span>
              <Digest value={component.digest} label="image digest" />
              {component.tagDrift && <Drift drift={component.tagDrift} />}
            </div>
            <Platforms release={release} component={component} />
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function Drift({ drift }: { drift: NonNullable<ReleaseComponent['tagDrift']> }) {
  return (
    <p className={style.drift}>
      <Icon name="tag" size={14} />
      <span>
        The tag {drift.tag} moved to <code title={drift.digest}>{shortDigest(drift.digest)}</code>, seen{' '}
        <Time at={drift.seenAt} />. The release keeps its digest.
      </span>
    </p>
  )
}

function Platforms({ release, component }: { release: Release; component: ReleaseComponent }) {
  const scanOf = (digest: string, platform: string) =>
    component.scans.find((scan) => scan.platformDigest === digest || scan.platform === platform)
  return (
    <ul className={style.platforms}>
      {component.platforms.map(({ platform, digest }) => {
        const scan = scanOf(digest, platform)
        return (
          <li key={digest} className={style.platform} data-row>
            <span className={style.what}>
              {platform}
              <code className="muted" title={digest}>
                {shortDigest(digest)}
              </code>
            </span>
            <span className="grow">
              {scan ? <Scanned release={release} scan={scan} /> : <State look={NEVER} />}
            </span>
            {scan?.state !== 'done' && scan?.state !== 'pending' && <ScanAgain reference={component.reference} />}
          </li>
        )
      })}
    </ul>
  )
}

const NEVER = { tone: 'open', icon: 'help-circle', word: 'Not scanned: its findings are unknown' } as const

function Scanned({ release, scan }: { release: Release; scan: Scan }) {
  if (scan.state !== 'done' || scan.counts === null) {
    return (
      <div className="stack tight">
        <State look={lookOf(SCAN, scan.state)} />
        {scan.error && (
          <span className="muted">
            {scan.error.message} <code>{scan.error.code}</code>
          </span>
        )}
      </div>
    )
  }
  return (
    <div className="row wrap">
      <SeverityCounts counts={scan.counts} kev={scan.kev} />
      <Link {...paths.findings(release.id, scan.id)}>
        Findings<span className="hidden"> of {scan.platform}</span>
      </Link>
      <a href={`/api/v1/scans/${scan.id}/sbom`} download={`${scan.id}.cdx.json`}>
        SBOM
      </a>
      <span className="muted small">
        {scan.components === null ? '' : `${count(scan.components, 'package')}, `}
        <Time at={scan.at} />
        {scan.snapshot === null ? ', no advisories' : ''}
      </span>
    </div>
  )
}

function ScanAgain({ reference }: { reference: string }) {
  const client = useQueryClient()
  const whyNot = useWhyNot('image.scan')
  const act = useAct(
    (_: undefined, headers) => take(api.POST('/api/v1/scans', { body: { reference }, headers })),
    () => void client.invalidateQueries({ queryKey: ['releases'] }),
  )
  return (
    <ActionButton
      variant="default"
      size="compact-xs"
      whyNot={whyNot ?? act.problem?.title}
      loading={act.busy}
      onClick={() => act.run(undefined)}
    >
      Scan
    </ActionButton>
  )
}
