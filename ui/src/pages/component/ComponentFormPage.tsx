import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { releaseComponentQuery, releaseComponentsQuery } from '../../api/components'
import { useWhyNot } from '../../api/session'
import { componentDraft, EMPTY_COMPONENT } from '../../release/component'
import { Empty } from '../../widgets/Empty'
import { ComponentForm } from './ComponentForm'

const changeRoute = getRouteApi('/shell/components/$name/change')

export function NewComponentPage() {
  const whyNot = useWhyNot('environment.change')
  const taken = useSuspenseQuery(releaseComponentsQuery).data.items.map(({ name }) => name)
  if (whyNot !== undefined) return <NotForThem title="Add a component" why={whyNot} />
  return <ComponentForm before={undefined} first={EMPTY_COMPONENT} taken={taken} />
}

export function ChangeComponentPage() {
  const { name } = changeRoute.useParams()
  const whyNot = useWhyNot('environment.change')
  const component = useSuspenseQuery(releaseComponentQuery(name)).data
  if (whyNot !== undefined) return <NotForThem title={`Change ${name}`} why={whyNot} />
  return <ComponentForm key={name} before={name} first={componentDraft(component)} taken={[]} />
}

function NotForThem({ title, why }: { title: string; why: string }) {
  return (
    <Empty heading="h1" icon="lock" title={title}>
      {why}.
    </Empty>
  )
}
