import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lifecycleQuery } from '../../api/lifecycles'
import { problemFrom } from '../../api/refused'
import { paths } from '../../paths'
import { Loading } from '../../widgets/Loading'
import { Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { Phases } from '../environment/Phases'

/** How far a release has come on the way that it takes. */
export function WhereItStands({ release, lifecycle }: { release: string; lifecycle: string }) {
  const found = useQuery(lifecycleQuery(lifecycle, release))
  return (
    <Panel title="Where it stands" side={<Link {...paths.lifecycle(lifecycle, { release })}>{lifecycle}</Link>}>
      {found.isPending && <Loading label="Asking how far it has come" />}
      {found.error && <Refusal problem={problemFrom(found.error)} onRetry={() => void found.refetch()} />}
      {found.data && <Phases lifecycle={found.data} />}
    </Panel>
  )
}
