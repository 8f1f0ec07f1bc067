import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useWhyNot } from '../../api/session'
import type { Environment } from '../../api/types'
import { paths } from '../../paths'
import { ActionButton } from '../../widgets/ActionButton'
import { EditLink } from '../../widgets/EditLink'
import { Icon } from '../../widgets/Icon'
import { RollbackDialog } from './RollbackDialog'
import { TakeDownButton } from './TakeDown'

/** What can be done with an environment. */
export function EnvironmentActions({ environment }: { environment: Environment }) {
  const navigate = useNavigate()
  const [rolling, setRolling] = useState(false)
  const mayNot = useWhyNot('promotion.request')
  const mayNotRoll = useWhyNot('deployment.operate')
  return (
    <>
      <EditLink kind="Environment" name={environment.name} />
      <TakeDownButton environment={environment.name} />
      <ActionButton
        variant="default"
        whyNot={mayNotRoll ?? (environment.current ? undefined : 'Nothing runs here yet')}
        onClick={() => setRolling(true)}
        leftSection={<Icon name="arrow-back-up" />}
      >
        Roll back
      </ActionButton>
      <ActionButton
        whyNot={mayNot}
        leftSection={<Icon name="git-pull-request" />}
        onClick={() => void navigate(paths.newPromotion({ environment: environment.name }))}
      >
        Promote to here
      </ActionButton>
      {rolling && (
        <RollbackDialog
          environment={environment.name}
          current={environment.current?.release.id}
          close={() => setRolling(false)}
        />
      )}
    </>
  )
}
