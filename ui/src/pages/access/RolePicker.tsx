import { Checkbox } from '@mantine/core'
import { ROLES } from './roles'

interface Props {
  roles: readonly string[]
  onChange: (roles: string[]) => void
}

export function RolePicker({ roles, onChange }: Props) {
  return (
    <Checkbox.Group label="Roles" value={[...roles]} onChange={onChange}>
      <div className="stack near" style={{ paddingTop: 6 }}>
        {ROLES.map(([role, what]) => (
          <Checkbox key={role} value={role} label={role} description={what} />
        ))}
      </div>
    </Checkbox.Group>
  )
}
