import { Button } from '@mantine/core'
import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { documentQuery } from '../../api/documents'
import { workflowQuery } from '../../api/workflows'
import { paths } from '../../paths'
import { yamlText } from '../../words/yaml'
import { SKELETON } from '../../workflow/document'
import { Designer } from './Designer'
import style from './Designer.module.css'
import { WorkflowActions } from './WorkflowActions'

const route = getRouteApi('/shell/workflows/$name')

/** A workflow as it stands, to be changed on its canvas or in its text. */
export function DesignerPage() {
  const { name } = route.useParams()
  return <OneWorkflow key={name} name={name} />
}

function OneWorkflow({ name }: { name: string }) {
  const client = useQueryClient()
  const { step } = route.useSearch()
  const navigate = useNavigate()
  const found = useSuspenseQuery(documentQuery('Workflow', name)).data
  const workflow = useSuspenseQuery(workflowQuery(name)).data
  // What was read when the page was opened: what somebody else writes meanwhile does not take the words away.
  const [base, setBase] = useState({ document: found, version: workflow.version, round: 0 })
  const again = async (more: number) => {
    const [document, { version }] = await Promise.all([
      client.fetchQuery({ ...documentQuery('Workflow', name), staleTime: 0 }),
      client.fetchQuery({ ...workflowQuery(name), staleTime: 0 }),
    ])
    setBase({ document, version, round: base.round + more })
  }
  return (
    <Designer
      key={base.round}
      first={yamlText(base.document.document)}
      base={base.document}
      title={name}
      sub={
        <span>
          version {workflow.version}
          {base.document.owner ? `, kept by ${base.document.owner}` : ''}
        </span>
      }
      selected={step}
      onSelect={(to) =>
        void navigate({ ...paths.workflow(name, to === undefined ? {} : { step: to }), replace: true, resetScroll: false })
      }
      onSaved={() => void again(0)}
      actions={(isDirty) => <WorkflowActions workflow={workflow} isDirty={isDirty} />}
      news={
        workflow.version !== base.version && (
          <p className={style.news} role="status">
            Somebody changed it meanwhile: what you write cannot be saved on top of that.
            <Button size="compact-xs" variant="default" onClick={() => void again(1)}>
              Show theirs, and drop mine
            </Button>
          </p>
        )
      }
    />
  )
}

export function NewWorkflowPage() {
  const navigate = useNavigate()
  const [selected, setSelected] = useState<string>()
  return (
    <Designer
      first={SKELETON}
      base={undefined}
      title="New workflow"
      sub={<span>Give it a name in its YAML, and add steps</span>}
      selected={selected}
      onSelect={setSelected}
      // After the render in which nothing is dirty any more.
      onSaved={(name) => setTimeout(() => void navigate(paths.workflow(name)))}
      actions={() => null}
      news={null}
    />
  )
}
