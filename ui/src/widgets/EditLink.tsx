import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { paths } from '../paths'

/** To the document that makes a thing what it is. */
export function EditLink({ kind, name }: { kind: string; name: string }) {
  return (
    <Button variant="default" renderRoot={(props) => <Link {...paths.document(kind, name)} {...props} />}>
      Edit
    </Button>
  )
}
