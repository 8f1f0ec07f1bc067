import { useQueries } from '@tanstack/react-query'
import { testResultsQuery } from '../../api/testResults'
import type { TestResult } from '../../api/types'
import { Icon, type IconName } from '../../widgets/Icon'
import { Panel } from '../../widgets/Panel'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'

const ICONS: Record<string, IconName> = { PASSED: 'check', WARNED: 'alert-triangle', FAILED: 'x' }

const COLUMNS: Column<TestResult>[] = [
  {
    key: 'result',
    head: 'Result',
    cell: (one) => (
      <span className="row nowrap">
        <Icon name={ICONS[one.result] ?? 'help-circle'} size={14} /> {one.result.toLowerCase()}
      </span>
    ),
  },
  { key: 'suites', head: 'Suites', cell: (one) => one.suites.join(', ') || <span className="muted">none named</span> },
  {
    key: 'tests',
    head: 'Tests',
    width: '100%',
    cell: (one) => (
      <span className="two-lines">
        {one.passed + one.warned + one.failed === 0
          ? 'lists none'
          : `${one.passed} passed, ${one.warned} warned, ${one.failed} failed`}
        {one.failedTests.length > 0 && (
          <span className="muted">
            {` ${one.failedTests.slice(0, 3).join(', ')}${one.failed > 3 ? ` and ${one.failed - 3} more` : ''}`}
          </span>
        )}
      </span>
    ),
  },
  { key: 'by', head: 'By whose word', cell: whoseWord },
  { key: 'at', head: 'Came', cell: ({ at }) => <Time at={at} /> },
]

/** What tests said of an image and of the index around it. What may not pass is the policy's word. */
export function TestResults({ images }: { images: string[] }) {
  const digests = [...new Set(images)]
  const found = useQueries({ queries: digests.map((one) => testResultsQuery(one)) })
  const results = found.flatMap((one) => one.data?.items ?? [])
  if (results.length === 0) return null
  return (
    <Panel title="Tests" flush>
      <Table label="Test results" rows={results} rowKey={({ id }) => id} columns={COLUMNS} />
    </Panel>
  )
}

function whoseWord({ state, reason, signer, isSigned, source, by }: TestResult) {
  if (state === 'withdrawn') return <span className="two-lines muted">withdrawn: {reason}</span>
  if (signer !== '') return `${signer}, signed`
  const how = isSigned ? 'signed by nobody known' : 'not signed'
  return source === 'upload' ? `handed in by ${by}, ${how}` : how
}
