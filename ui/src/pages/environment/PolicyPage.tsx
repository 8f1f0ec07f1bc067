import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { policyQuery } from '../../api/queries'
import type { Policy } from '../../api/types'
import { Command, Digest } from '../../widgets/Copy'
import { PageHead, Panel } from '../../widgets/Panel'

const route = getRouteApi('/shell/policies/$name')

/** The files of a policy, with their text where the server gives it. */
function filesOf(policy: Policy): (readonly [string, string | undefined])[] {
  if (Array.isArray(policy.files)) return policy.files.map((name) => [name, undefined])
  return Object.entries(policy.files)
}

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
      {filesOf(policy).map(([file, text]) => (
        <Panel key={file} title={<code>{file}</code>}>
          {text === undefined ? (
            <p className="muted">The server names this file without its text.</p>
          ) : (
            <Command text={text} label={file} />
          )}
        </Panel>
      ))}
    </>
  )
}
