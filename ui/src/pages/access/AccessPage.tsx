import { PageHead } from '../../widgets/Panel'
import { Tokens } from './Tokens'
import { Users } from './Users'

/** Who may do what: people with their roles, and the tokens that act for them. */
export function AccessPage() {
  return (
    <>
      <PageHead title="Users and tokens" sub="Whatever a role does not name is refused" />
      <Users />
      <Tokens />
    </>
  )
}
