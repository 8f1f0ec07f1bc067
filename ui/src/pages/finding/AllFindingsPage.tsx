import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useCallback } from 'react'
import { allFindingsQuery, findingsQuery, unmatchedQuery } from '../../api/findings'
import { environmentsQuery } from '../../api/queries'
import type { ListedFinding } from '../../api/types'
import { usePages } from '../../api/usePages'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { Command } from '../../widgets/Copy'
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
import { Loading } from '../../widgets/Loading'
import { PageHead } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { count } from '../../words/text'
import { FindingWhy } from '../release/FindingWhy'
import { KnownBy } from './KnownBy'

const route = getRouteApi('/shell/findings')
const SEVERITIES = ['critical', 'high', 'medium', 'low', 'unknown'] as const

export type FindingFilters = ReturnType<typeof route.useSearch>

/** An image without most of its digest: the title has all of it. */
const nameOf = (reference: string) => reference.replace(/@sha256:([0-9a-f]{12})[0-9a-f]{52}$/, '@$1')

const keyOf = (one: ListedFinding) => `${one.scan} ${one.vulnerability} ${one.purl}`

/** The findings of every scanned image; which of them, the address says. */
export function AllFindingsPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const environments = useSuspenseQuery(environmentsQuery).data.items
  const { rows, more } = usePages(allFindingsQuery(search))
  const unmatched = useQuery(unmatchedQuery).data ?? 0
  const unfolded = useUnfolded()
  const set = useCallback(
    (changes: FindingFilters) => void navigate({ ...paths.allFindings({ ...search, ...changes }), replace: true }),
    [navigate, search],
  )
  const onSearch = useCallback((q: string) => set({ q }), [set])
  const isFiltered = Object.values(search).some((value) => value !== undefined)
  return (
    <>
      <PageHead title="Findings" sub={<KnownBy />} />
      <Filters>
        <SearchBox label="Advisory, alias or package" value={search.q ?? ''} onChange={onSearch} />
        <Choice
          label="Environment"
          value={search.environment}
          options={environments.map(({ name }) => [name, `runs in ${name}`])}
          onChange={(environment) => set({ environment })}
        />
        <Choice
          label="VEX"
          value={search.vex}
          options={VEX_CHOICES}
          onChange={(vex) => set({ vex })}
        />
      </Filters>
      <Pills search={search} set={set} />
      {unmatched > 0 && (
        <State
          look={{
            tone: 'wait',
            icon: 'help-circle',
            word: `${count(unmatched, 'scanned image')} not matched with advisories yet: what is in them is not in this list`,
          }}
        />
      )}
      {rows.length > 0 ? (
        <>
          <Table
            label="Findings"
            rows={rows}
            rowKey={keyOf}
            columns={columns(unfolded, set)}
            more={more}
            detail={(finding) => (unfolded.has(keyOf(finding)) ? <Why finding={finding} /> : null)}
            fill
          />
          <Command text={commands.findingList(search)} label="the command that lists them" />
        </>
      ) : (
        <Empty icon={isFiltered ? 'filter' : 'shield-check'} title={isFiltered ? 'No finding fits these filters' : 'No findings'}>
          {isFiltered
            ? 'Take filters away to see more. What was not scanned is in no list.'
            : 'Of what was scanned and matched nothing is known to be wrong. What was not scanned is not known.'}
        </Empty>
      )}
    </>
  )
}

function Pills({ search, set }: { search: FindingFilters; set: (changes: FindingFilters) => void }) {
  const chosen = new Set(search.severity?.split(','))
  const toggle = (severity: string) => {
    const next = new Set(chosen)
    if (!next.delete(severity)) next.add(severity)
    set({ severity: SEVERITIES.filter((one) => next.has(one)).join(',') || undefined })
  }
  const flag = (key: 'exploited' | 'fixable' | 'counts', text: string) => (
    <Pill on={search[key] === 'true'} onToggle={() => set({ [key]: search[key] === 'true' ? undefined : 'true' })}>
      {text}
    </Pill>
  )
  const word = (key: 'component' | 'image', text: string) =>
    search[key] !== undefined && (
      <Pill on onToggle={() => set({ [key]: undefined })}>
        {text} {search[key].length > 40 ? `${search[key].slice(0, 40)}…` : search[key]}
      </Pill>
    )
  return (
    <div className="row wrap" role="group" aria-label="Filters">
      {flag('exploited', 'exploited')}
      {flag('fixable', 'fix at hand')}
      {flag('counts', 'not settled')}
      <ReachPills reach={search.reach} set={(reach) => set({ reach })} />
      {SEVERITIES.map((severity) => (
        <Pill key={severity} on={chosen.has(severity)} onToggle={() => toggle(severity)}>
          {severity === 'unknown' ? 'unrated' : severity}
        </Pill>
      ))}
      {word('component', 'package')}
      {word('image', 'image')}
    </div>
  )
}

/** Where it was found and what it was compared with; and the ways on. */
function Why({ finding }: { finding: ListedFinding }) {
  const found = useQuery({
    queryKey: ['scans', finding.scan, 'why', finding.vulnerability, finding.purl],
    queryFn: async (context) => {
      const options = findingsQuery(finding.scan, { q: finding.vulnerability })
      const page = await options.queryFn?.({ ...context, queryKey: options.queryKey, pageParam: undefined, direction: 'forward' })
      return page?.items.find((one) => one.id === finding.vulnerability && one.purl === finding.purl) ?? null
    },
  })
  return (
    <div className="stack near">
      {found.isLoading && <Loading />}
      {found.data && <FindingWhy finding={found.data} scan={finding.scan} />}
      <div className="row">
        <Link {...paths.advisory(finding.vulnerability)}>What is known of it</Link>
        <Link {...paths.where({ q: finding.vulnerability })}>Where else it is</Link>
      </div>
    </div>
  )
}

function columns(unfolded: Unfolded, set: (changes: FindingFilters) => void): readonly Column<ListedFinding>[] {
  return [
    {
      key: 'id',
      head: 'Finding',
      cell: (finding) => <FindingName name={finding.vulnerability} of={keyOf(finding)} unfolded={unfolded} />,
    },
    {
      key: 'severity',
      head: 'Severity',
      cell: (finding) => <FindingSeverity severity={finding.severity} exploited={finding.exploited} />,
    },
    {
      key: 'package',
      head: 'Package',
      cell: (finding) => (
        <button
          type="button"
          className="plain nowrap"
          title={`only ${finding.component}`}
          onClick={() => set({ component: finding.component })}
        >
          {finding.component} <code className="muted">{finding.version}</code>
        </button>
      ),
    },
    {
      key: 'fixed',
      head: 'Fixed in',
      cell: ({ fixed }) => <FixedIn version={fixed} />,
    },
    {
      key: 'axes',
      head: 'VEX, reach',
      cell: ({ vex, reach }) => <span className="muted nowrap">{[vex, reach].join(', ').replaceAll('_', ' ')}</span>,
    },
    {
      key: 'image',
      head: 'Image',
      width: '30%',
      cell: (finding) => (
        <button
          type="button"
          className="plain mono clip"
          title={`only ${finding.reference}`}
          onClick={() => set({ image: finding.platformDigest })}
        >
          {nameOf(finding.reference)} <span className="muted">{finding.platform}</span>
        </button>
      ),
    },
  ]
}
