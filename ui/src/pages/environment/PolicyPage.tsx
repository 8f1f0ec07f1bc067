import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { policyQuery } from '../../api/queries'
import { Command, Digest } from '../../widgets/Copy'
import { EditLink } from '../../widgets/EditLink'
import { PageHead, Panel } from '../../widgets/Panel'

const STARTER = 'starter'
const route = getRouteApi('/shell/policies/$name')

export function PolicyPage() {
  const { name } = route.useParams()
  const policy = useSuspenseQuery(policyQuery(name)).data
  return (
    <>
      <PageHead
        title={`Policy ${policy.name}`}
        sub={
          <>
            Rego
            <Digest value={policy.digest} label="policy digest" />
          </>
        }
        actions={
          policy.name === STARTER ? (
            <span className="muted">comes with the server and stays as it is</span>
          ) : (
            <EditLink kind="Policy" name={policy.name} />
          )
        }
      />
      {Object.entries(policy.files).map(([file, text]) => (
        <Panel key={file} title={<code>{file}</code>}>
          <Command text={text} label={file} />
        </Panel>
      ))}
    </>
  )
}
