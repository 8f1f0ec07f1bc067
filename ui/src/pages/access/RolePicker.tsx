import { Checkbox } from '@mantine/core'
import type { Role } from '../../api/types'
import { ROLES } from './roles'

interface Props {
  roles: readonly Role[]
  onChange: (roles: Role[]) => void
}

const known = (chosen: readonly string[]) => ROLES.map(([role]) => role).filter((role) => chosen.includes(role))

export function RolePicker({ roles, onChange }: Props) {
  return (
    <Checkbox.Group label="Roles" value={[...roles]} onChange={(chosen) => onChange(known(chosen))}>
      <div className="stack near" style={{ paddingTop: 6 }}>
        {ROLES.map(([role, what]) => (
          <Checkbox key={role} value={role} label={role} description={what} />
        ))}
      </div>
    </Checkbox.Group>
  )
}
