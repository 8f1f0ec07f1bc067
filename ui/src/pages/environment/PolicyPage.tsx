import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { policyQuery } from '../../api/queries'
import { Command, Digest } from '../../widgets/Copy'
import { PageHead, Panel } from '../../widgets/Panel'

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
            Rego, changed by applying a document of kind Policy
            <Digest value={policy.digest} label="policy digest" />
          </>
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
