import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { findingsQuery } from '../../api/findings'
import { releaseQuery } from '../../api/queries'
import type { Finding, Scan } from '../../api/types'
import { usePages } from '../../api/usePages'
import { commands } from '../../commands'
import { useWhyNot } from '../../api/session'
import { paths } from '../../paths'
import { ActionButton } from '../../widgets/ActionButton'
import { Empty } from '../../widgets/Empty'
import { Choice, Filters, Pill, SearchBox } from '../../widgets/Filters'
import {
  FindingName,
  FindingSeverity,
  FixedIn,
  ReachPills,
  type Unfolded,
  useUnfolded,
  VEX_CHOICES,
} from '../../widgets/FindingParts'
import { PageHead } from '../../widgets/Panel'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { shortDigest } from '../../words/text'
import { FindingWhy } from './FindingWhy'
import { ImageFacts } from './ImageFacts'
import { VexDialog } from './VexDialog'
import style from './FindingsPage.module.css'

const route = getRouteApi('/shell/releases/$id/findings/$scan')
const SEVERITIES = ['critical', 'high', 'medium', 'low', 'none', 'unknown'] as const

const keyOf = (finding: Finding) => `${finding.id} ${finding.purl}`

/** What is wrong in one platform image of a release, each with its whole why. */
export function FindingsPage() {
  const { id, scan: scanId } = route.useParams()
  const search = route.useSearch()
  const navigate = useNavigate()
  const release = useSuspenseQuery(releaseQuery(id)).data
  const { rows, more } = usePages(findingsQuery(scanId, search))
  const unfolded = useUnfolded()
  const [saying, setSaying] = useState<Finding>()
  const set = useCallback(
    (changes: typeof search) => void navigate({ ...paths.findings(id, scanId, { ...search, ...changes }), replace: true }),
    [navigate, id, scanId, search],
  )
  const onSearch = useCallback((q: string) => set({ q }), [set])
  const scans = release.components.flatMap((component) =>
    component.scans.map((scan) => ({ component: component.name, scan })),
  )
  const here = scans.find(({ scan }) => scan.id === scanId)
  return (
    <>
      <PageHead
        title={`Findings in ${here ? `${here.component} ${here.scan.platform}` : 'this image'}`}
        sub={
          <>
            <Link {...paths.release(release.id)}>
              {release.name} {release.version}
            </Link>
            {here && <Basis scan={here.scan} />}
          </>
        }
      />
      <nav className="row wrap" aria-label="Images of the release">
        {scans.map(({ component, scan }) => (
          <Link
            key={scan.id}
            {...paths.findings(id, scan.id, search)}
            className={style.tab}
            aria-current={scan.id === scanId ? 'page' : undefined}
          >
            {component} <span className="muted">{scan.platform}</span>
          </Link>
        ))}
      </nav>
      {here && <ImageFacts scan={here.scan} />}
      <Filters>
        <SearchBox label="Advisory or package" value={search.q ?? ''} onChange={onSearch} />
        <Choice
          label="Severity"
          value={search.severity}
          options={SEVERITIES.map((severity) => [severity, severity])}
          onChange={(severity) => set({ severity })}
        />
        <Choice
          label="VEX"
          value={search.vex}
          options={VEX_CHOICES}
          onChange={(vex) => set({ vex })}
        />
        <Pill on={search.kev === 'true'} onToggle={() => set({ kev: search.kev === 'true' ? undefined : 'true' })}>
          exploited
        </Pill>
        <Pill
          on={search.fixable === 'true'}
          onToggle={() => set({ fixable: search.fixable === 'true' ? undefined : 'true' })}
        >
          fix at hand
        </Pill>
        <ReachPills reach={search.reach} set={(reach) => set({ reach })} />
      </Filters>
      {rows.length > 0 ? (
        <Table
          label="Findings"
          rows={rows}
          rowKey={keyOf}
          columns={columns(unfolded)}
          more={more}
          detail={(finding) =>
            unfolded.has(keyOf(finding)) ? (
              <Detail finding={finding} scan={scanId} image={here?.scan.platformDigest ?? null} speak={setSaying} />
            ) : null
          }
          fill
        />
      ) : (
        <None scan={here?.scan} filtered={Object.values(search).some((value) => value !== undefined)} />
      )}
      {saying && here?.scan.platformDigest && (
        <VexDialog finding={saying} image={here.scan.platformDigest} close={() => setSaying(undefined)} />
      )}
    </>
  )
}

interface DetailProps {
  finding: Finding
  scan: string
  image: string | null
  speak: (finding: Finding) => void
}

/** The whole why, and the way to say whether it matters. */
function Detail({ finding, scan, image, speak }: DetailProps) {
  const mayNot = useWhyNot('vex.apply')
  return (
    <div className="stack near">
      <FindingWhy finding={finding} scan={scan} />
      {image !== null && (
        <div className="row">
          <ActionButton size="compact-xs" variant="default" whyNot={mayNot} onClick={() => speak(finding)}>
            Say whether it matters
          </ActionButton>
          <Link {...paths.advisory(finding.id)}>What is known of it</Link>
          <Link {...paths.where({ q: finding.id })}>Where else it is</Link>
        </div>
      )}
    </div>
  )
}

function Basis({ scan }: { scan: Scan }) {
  return (
    <span>
      scanned <Time at={scan.at} />{' '}
      {scan.snapshot === null ? 'without advisories: nothing can be known' : `against snapshot ${shortDigest(scan.snapshot)}`}
    </span>
  )
}

function None({ scan, filtered }: { scan: Scan | undefined; filtered: boolean }) {
  if (filtered) {
    return (
      <Empty icon="filter" title="No finding fits these filters">
        Empty the filters to see all of them.
      </Empty>
    )
  }
  if (scan?.snapshot === null || scan?.state !== 'done') {
    return (
      <Empty icon="help-circle" title="Unknown: no advisories" command={commands.importAdvisories()}>
        Without a snapshot of advisories an image has not “no findings”: nobody looked.
      </Empty>
    )
  }
  return (
    <Empty icon="shield-check" title="No findings">
      Nothing in the snapshot is known to be wrong with the packages of this image.
    </Empty>
  )
}

function columns(unfolded: Unfolded): readonly Column<Finding>[] {
  return [
    {
      key: 'id',
      head: 'Finding',
      cell: (finding) => <FindingName name={finding.id} of={keyOf(finding)} unfolded={unfolded} />,
    },
    {
      key: 'severity',
      head: 'Severity',
      cell: (finding) => <FindingSeverity severity={finding.severity} exploited={finding.kev} />,
    },
    {
      key: 'package',
      head: 'Package',
      cell: (finding) => (
        <span className="nowrap">
          {finding.component} <code className="muted">{finding.version}</code>
        </span>
      ),
    },
    {
      key: 'fixed',
      head: 'Fixed in',
      cell: ({ fixed }) => <FixedIn version={fixed} />,
    },
    {
      key: 'axes',
      head: 'VEX, reach, seen',
      cell: (finding) => (
        <span className="muted nowrap">
          {[finding.vex, finding.reach, finding.seen].join(', ').replaceAll('_', ' ')}
        </span>
      ),
    },
    {
      key: 'epss',
      head: 'EPSS',
      align: 'right',
      cell: (finding) =>
        finding.epssPermille === null ? (
          <span className="muted">none</span>
        ) : (
          <span className="nowrap">{(finding.epssPermille / 10).toFixed(1)} %</span>
        ),
    },
    { key: 'summary', head: 'What', width: '34%', cell: (finding) => finding.summary },
  ]
}
