import { NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { problemFrom } from '../../api/refused'
import type { Workflow } from '../../api/types'
import { workflowQuery } from '../../api/workflows'
import { Above } from '../../widgets/Above'
import { ChangeList } from '../../widgets/ChangeList'
import { Digest } from '../../widgets/Copy'
import { Loading } from '../../widgets/Loading'
import { Refusal } from '../../widgets/Refusal'
import { Time } from '../../widgets/Time'
import { changesBetween } from '../../workflow/diff'

/** Every version, who made it, and what is another between any two of them. */
export function VersionsDialog({ workflow, close }: { workflow: Workflow; close: () => void }) {
  const versions = workflow.versions.toSorted((a, b) => b.version - a.version)
  const newest = versions[0]?.version ?? workflow.version
  const [from, setFrom] = useState(versions[1]?.version ?? newest)
  const [to, setTo] = useState(newest)
  const choices = versions.map(({ version }) => ({ value: String(version), label: `version ${version}` }))
  return (
    <Above title={`Versions of ${workflow.name}`} onClose={close} size={720}>
      <div className="stack">
        <ol className="stack near" aria-label="Versions">
          {versions.map(({ version, digest, by, at }) => (
            <li key={version} className="row wrap">
              <strong>version {version}</strong>
              <span className="muted">
                <Time at={at} /> by {by.name}
              </span>
              <Digest value={digest} label={`digest of version ${version}`} />
            </li>
          ))}
        </ol>
        <div className="row wrap">
          <NativeSelect label="From" value={String(from)} onChange={(event) => setFrom(Number(event.currentTarget.value))} data={choices} />
          <NativeSelect label="To" value={String(to)} onChange={(event) => setTo(Number(event.currentTarget.value))} data={choices} />
        </div>
        <Between name={workflow.name} from={from} to={to} />
      </div>
    </Above>
  )
}

function Between({ name, from, to }: { name: string; from: number; to: number }) {
  const before = useQuery(workflowQuery(name, from))
  const after = useQuery(workflowQuery(name, to))
  const error = before.error ?? after.error
  if (error !== null) return <Refusal problem={problemFrom(error)} />
  if (before.data === undefined || after.data === undefined) return <Loading lines={3} inset />
  const changes = changesBetween(before.data.spec, after.data.spec)
  return changes.length === 0 ? <p className="muted">They are the same.</p> : <ChangeList of={changes} />
}
