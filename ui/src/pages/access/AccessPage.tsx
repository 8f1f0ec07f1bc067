import { PageHead } from '../../widgets/Panel'
import { Machines } from './Machines'
import { SignIns } from './SignIns'
import { Tokens } from './Tokens'
import { Users } from './Users'

/** Who may do what: people with their roles, tokens that act for them, and whose word lets anybody in. */
export function AccessPage() {
  return (
    <>
      <PageHead title="Users and tokens" sub="Whatever a role does not name is refused" />
      <Users />
      <Tokens />
      <SignIns />
      <Machines />
    </>
  )
}
