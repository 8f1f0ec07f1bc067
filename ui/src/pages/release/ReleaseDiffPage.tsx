import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { releaseDiffQuery } from '../../api/queries'
import type { Finding, PackageChange, ReleaseDiff, ReleaseRef, VariableChange } from '../../api/types'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { ActionButton } from '../../widgets/ActionButton'
import { Digest } from '../../widgets/Copy'
import { Icon } from '../../widgets/Icon'
import { PageHead, Panel } from '../../widgets/Panel'
import { Kev, SeverityWord } from '../../widgets/Severity'
import { type Look, State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { count } from '../../words/text'
import style from './ReleaseDiffPage.module.css'

const route = getRouteApi('/shell/releases/$id/diff/$other')

/** What differs between two releases: images, packages, findings. */
export function ReleaseDiffPage() {
  const { id, other } = route.useParams()
  const navigate = useNavigate()
  const diff = useSuspenseQuery(releaseDiffQuery(id, other)).data
  const changed = diff.components.filter(({ from, to }) => from !== to)
  return (
    <>
      <PageHead
        name={`${diff.from.name} ${diff.from.version} to ${diff.to.version}`}
        title={
          <>
            <Name of={diff.from} /> <Icon name="arrow-right" size={18} /> <Name of={diff.to} />
          </>
        }
        sub={
          changed.length === 0
            ? 'The same images: the same release under two names'
            : `${changed.length} of ${count(diff.components.length, 'component')} changed`
        }
        actions={
          <ActionButton
            variant="default"
            leftSection={<Icon name="refresh" />}
            onClick={() => void navigate(paths.releaseDiff(other, id))}
          >
            Turn round
          </ActionButton>
        }
      />
      {diff.components.map((component) => (
        <Component key={component.name} component={component} />
      ))}
      {diff.variables.length > 0 && (
        <Panel title="Variables" flush>
          <Table
            label="Variables"
            rows={diff.variables}
            rowKey={({ name, group, scope }) => `${name} ${group} ${scope}`}
            columns={VARIABLES}
          />
        </Panel>
      )}
    </>
  )
}

function Name({ of }: { of: ReleaseRef }) {
  return (
    <Link {...paths.release(of.id)}>
      {of.name} {of.version}
    </Link>
  )
}

const CHANGE: Readonly<Record<string, Look>> = {
  added: { tone: 'busy', icon: 'plus', word: 'added' },
  removed: { tone: 'idle', icon: 'circle-minus', word: 'removed' },
  changed: { tone: 'wait', icon: 'refresh', word: 'changed' },
}

const PACKAGES: readonly Column<PackageChange>[] = [
  { key: 'change', head: 'Change', width: '120px', cell: (row) => <State look={lookOf(CHANGE, row.change)} /> },
  {
    key: 'name',
    head: 'Package',
    cell: (row) => (
      <span>
        {row.name} <span className="muted">{row.type}</span>
      </span>
    ),
  },
  { key: 'before', head: 'Before', cell: (row) => <code>{row.before.join(', ') || 'none'}</code> },
  { key: 'after', head: 'After', cell: (row) => <code>{row.after.join(', ') || 'none'}</code> },
]

const VARIABLES: readonly Column<VariableChange>[] = [
  { key: 'name', head: 'Name', cell: ({ name }) => <code>{name}</code> },
  { key: 'scope', head: 'Counts', cell: ({ scope, group }) => `${scope}, from ${group}` },
  { key: 'before', head: 'Before', cell: ({ before }) => <Said text={before} /> },
  { key: 'after', head: 'After', cell: ({ after }) => <Said text={after} /> },
]

function Said({ text }: { text: string | null }) {
  return text === null ? <span className="muted">none</span> : <code>{text}</code>
}

function Component({ component }: { component: ReleaseDiff['components'][number] }) {
  const { from, to, packages, findings } = component
  return (
    <Panel
      title={component.name}
      side={
        from === to ? (
          <span className="muted">the same image</span>
        ) : (
          <>
            {from ? <Digest value={from} label="digest before" /> : <span className="muted">not there</span>}
            <Icon name="arrow-right" size={14} />
            {to ? <Digest value={to} label="digest after" /> : <span className="muted">gone</span>}
          </>
        )
      }
      flush
    >
      {(findings.fixed.length > 0 || findings.introduced.length > 0) && (
        <div className={style.findings}>
          <Findings of={findings.fixed} look={{ tone: 'good', icon: 'circle-check', word: 'fixed' }} />
          <Findings
            of={findings.introduced}
            look={{ tone: 'wait', icon: 'alert-triangle', word: 'introduced' }}
          />
        </div>
      )}
      {packages.length > 0 && (
        <Table
          label={`Packages of ${component.name}`}
          rows={packages}
          rowKey={(row) => `${row.type}/${row.name}`}
          columns={PACKAGES}
        />
      )}
      {from !== to && packages.length === 0 && (
        <p className={`muted ${style.none}`}>No package differs, or one of the two has no finished scan.</p>
      )}
    </Panel>
  )
}

function Findings({ of, look }: { of: readonly Finding[]; look: Look }) {
  return (
    <div className="stack near">
      <State look={{ ...look, word: `${of.length} ${look.word}` }} />
      <ul className="stack tight">
        {of.map((finding) => (
          <li key={`${finding.id} ${finding.purl}`} className="row">
            <SeverityWord severity={finding.severity} />
            <span className="nowrap">{finding.id}</span>
            {finding.kev && <Kev />}
            <span className="muted clip">
              {finding.component} {finding.version}
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}
