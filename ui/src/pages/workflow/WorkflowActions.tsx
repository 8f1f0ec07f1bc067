import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useWhyNot } from '../../api/session'
import type { Workflow } from '../../api/types'
import { paths } from '../../paths'
import { ActionButton } from '../../widgets/ActionButton'
import { Icon } from '../../widgets/Icon'
import { StartDialog } from './StartDialog'
import { VersionsDialog } from './VersionsDialog'

/** What can be done with the workflow as it is saved. */
export function WorkflowActions({ workflow, isDirty }: { workflow: Workflow; isDirty: boolean }) {
  const [open, setOpen] = useState<'start' | 'versions'>()
  const mayNot = useWhyNot('workflow.run')
  const cannot = workflow.faults.length > 0 ? 'The saved version cannot run: see what is wrong with it' : undefined
  const close = () => setOpen(undefined)
  return (
    <>
      <Button variant="default" renderRoot={(props) => <Link {...paths.runs({ workflow: workflow.name })} {...props} />}>
        Runs
      </Button>
      <Button variant="default" onClick={() => setOpen('versions')}>
        Versions
      </Button>
      <ActionButton variant="default" whyNot={mayNot ?? cannot} leftSection={<Icon name="player-play" />} onClick={() => setOpen('start')}>
        Start a run
      </ActionButton>
      {open === 'start' && <StartDialog workflow={workflow} isDirty={isDirty} close={close} />}
      {open === 'versions' && <VersionsDialog workflow={workflow} close={close} />}
    </>
  )
}
