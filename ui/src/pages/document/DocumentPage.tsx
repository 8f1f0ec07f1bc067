import { Button } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, useBlocker, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { documentQuery } from '../../api/documents'
import { useWhyNot } from '../../api/session'
import type { ReadDocument } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { basisOf, lineOf, namedIn, skeleton } from '../../document/text'
import { paths } from '../../paths'
import { CommandHint } from '../../widgets/Dialog'
import { Editor } from '../../widgets/Editor'
import { PageHead } from '../../widgets/Panel'
import { say } from '../../widgets/Toasts'
import { yamlText } from '../../words/yaml'
import style from './Document.module.css'
import { Outcome } from './Outcome'
import { PolicyPanels } from './PolicyPanels'
import { SchemaPanels } from './SchemaPanels'
import { useWritten, written } from './useWritten'

const route = getRouteApi('/shell/documents/$kind/$name')
const newRoute = getRouteApi('/shell/documents/+new')

/** Any document, as YAML: what applying it would change stands beside it while it is typed. */
export function DocumentPage() {
  const { kind, name } = route.useParams()
  const found = useSuspenseQuery(documentQuery(kind, name)).data
  return <Written key={`${kind}/${name}/${found.digest}`} first={yamlText(found.document)} kind={kind} found={found} />
}

export function NewDocumentPage() {
  const { kind = 'Environment' } = newRoute.useSearch()
  return <Written key={kind} first={skeleton(kind)} kind={kind} found={undefined} />
}

/** Kinds with parts that plugins have a schema for. */
const FORMED = new Set(['Target', 'Environment'])

interface Props {
  first: string
  kind: string
  found: ReadDocument | undefined
}

function Written({ first, kind, found }: Props) {
  const [text, setText] = useState(first)
  const [isSaved, setSaved] = useState(false)
  const navigate = useNavigate()
  const mayNot = useWhyNot('environment.change')
  const before = found && { kind, name: found.document.name, digest: found.digest }
  const basis = basisOf(text, before)
  const { judged, isCurrent } = useWritten(text, basis)
  const isDirty = text !== first && !isSaved
  useBlocker({
    shouldBlockFn: () => isDirty && !globalThis.confirm('Leave, and lose what you wrote?'),
    enableBeforeUnload: () => isDirty,
    disabled: !isDirty,
  })
  const act = useAct(
    (_: string, headers) => take(api.POST('/api/v1/apply', { body: written(text, basis, false), headers })),
    () => {
      const named = namedIn(text)
      say(`${named.kind} ${named.name} was applied`)
      setSaved(true)
      // After the render in which nothing is dirty any more.
      setTimeout(() => void navigate(placeOf(named.kind, named.name)))
    },
  )
  const isReady = isCurrent && (judged.changes ?? []).some(({ change }) => change !== 'unchanged')
  const apply = () => mayNot === undefined && isReady && act.run('apply')
  const problem = act.problem ?? judged.problem
  return (
    <>
      <PageHead
        title={found ? `${kind} ${found.document.name}` : `New ${kind}`}
        sub={
          found?.owner ? (
            <span>kept by {found.owner}: change it there, or take it over with stella apply --take-over</span>
          ) : (
            <span>As YAML, the same that stella apply takes</span>
          )
        }
        actions={
          <>
            <CommandHint command={commands.applyDocument(namedIn(text).name)} />
            <Button onClick={apply} loading={act.busy} disabled={mayNot !== undefined || !isReady}>
              Apply
            </Button>
          </>
        }
      />
      <div className={style.page}>
        <Editor
          label={found ? `${kind} ${found.document.name} as YAML` : `New ${kind} as YAML`}
          value={text}
          onChange={(value) => {
            act.reset()
            setText(value)
          }}
          wrongLine={isCurrent ? lineOf(problem) : undefined}
          onSave={apply}
        />
        <div className="stack">
          <Outcome judged={judged} isCurrent={isCurrent} problem={problem} mayNot={mayNot} />
          {kind === 'Policy' && <PolicyPanels text={text} />}
          {found && FORMED.has(kind) && (
            <SchemaPanels
              first={found.document}
              text={text}
              problem={isCurrent ? problem : undefined}
              onText={(value) => {
                act.reset()
                setText(value)
              }}
            />
          )}
        </div>
      </div>
    </>
  )
}

/** Where the applied document is shown as what it is. */
function placeOf(kind: string, name: string) {
  if (kind === 'Environment') return paths.environment(name)
  if (kind === 'Lifecycle') return paths.lifecycle(name)
  if (kind === 'Policy') return paths.policy(name)
  if (kind === 'OnCallSchedule') return paths.onCall(name)
  if (kind === 'Workflow') return paths.workflow(name)
  if (kind === 'Trigger') return paths.triggers({ trigger: name })
  if (kind === 'ReleaseTemplate') return paths.template(name)
  if (kind === 'Freeze') return paths.freezes()
  return paths.environments()
}
