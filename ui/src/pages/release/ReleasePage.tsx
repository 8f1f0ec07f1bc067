import { Textarea } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { releaseQuery } from '../../api/queries'
import { useWhyNot } from '../../api/session'
import type { Release } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { RELEASE } from '../../release/scans'
import { ActionButton } from '../../widgets/ActionButton'
import { Digest } from '../../widgets/Copy'
import { Dialog } from '../../widgets/Dialog'
import { Icon } from '../../widgets/Icon'
import { PageHead, Panel } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import { say } from '../../widgets/Toasts'
import { ChangesSince } from './ChangesSince'
import { CompareMenu } from './CompareMenu'
import { Components } from './Components'
import { PromotionsOf } from './PromotionsOf'
import { Variables } from './Variables'
import { WhereItStands } from './WhereItStands'

const route = getRouteApi('/shell/releases/$id')

export function ReleasePage() {
  const { id } = route.useParams()
  const release = useSuspenseQuery(releaseQuery(id)).data
  return (
    <>
      <PageHead
        title={`${release.name} ${release.version}`}
        sub={
          <>
            <State look={lookOf(RELEASE, release.state)} pill />
            <Digest value={release.releaseDigest} label="release digest" />
            {release.channel !== '' && <span>channel {release.channel}</span>}
            <span>
              made <Time at={release.createdAt} /> by {release.createdBy.name}
            </span>
          </>
        }
        actions={<Actions release={release} />}
      />
      <Components release={release} />
      {release.lifecycle !== null && <WhereItStands release={release.id} lifecycle={release.lifecycle} />}
      <Variables release={release} />
      <ChangesSince release={release} />
      <div className="split">
        <PromotionsOf release={release} />
        <Panel title="Where it runs">
          <Places release={release} />
        </Panel>
      </div>
    </>
  )
}

function Places({ release }: { release: Release }) {
  if (release.environments.length === 0) return <p className="muted">It was not deployed anywhere yet.</p>
  return (
    <ul className="stack near">
      {release.environments.map((place) => (
        <li key={`${place.environment}${place.deployment}`} className="row between">
          <span className="row">
            <Link {...paths.environment(place.environment)} className="strong">
              {place.environment}
            </Link>
            {place.current ? (
              <State look={{ tone: 'good', icon: 'circle-check', word: 'runs now' }} />
            ) : (
              <span className="muted">ran before</span>
            )}
          </span>
          <Link {...paths.deployment(place.deployment)}>
            <Time at={place.at} />
          </Link>
        </li>
      ))}
    </ul>
  )
}

function Actions({ release }: { release: Release }) {
  const navigate = useNavigate()
  const [withdrawing, setWithdrawing] = useState(false)
  const mayPromote = useWhyNot('promotion.request')
  const mayCreate = useWhyNot('release.create')
  const withdrawn = release.state === 'withdrawn' ? 'It was withdrawn' : undefined
  return (
    <>
      <CompareMenu release={release} />
      <ActionButton
        variant="default"
        whyNot={mayCreate}
        leftSection={<Icon name="copy" />}
        onClick={() => void navigate(paths.newRelease(release.id))}
      >
        Make the next
      </ActionButton>
      <ActionButton
        variant="default"
        whyNot={withdrawn ?? mayCreate}
        leftSection={<Icon name="ban" />}
        onClick={() => setWithdrawing(true)}
      >
        Withdraw
      </ActionButton>
      <ActionButton
        whyNot={withdrawn ?? mayPromote}
        leftSection={<Icon name="git-pull-request" />}
        onClick={() => void navigate(paths.newPromotion({ release: release.id }))}
      >
        Promote
      </ActionButton>
      {withdrawing && <Withdraw release={release} close={() => setWithdrawing(false)} />}
    </>
  )
}

function Withdraw({ release, close }: { release: Release; close: () => void }) {
  const [reason, setReason] = useState('')
  const act = useAct(
    (body: { reason: string }, headers) =>
      take(api.POST('/api/v1/releases/{release}/withdraw', { params: { path: { release: release.id } }, body, headers })),
    () => {
      say(`${release.name} ${release.version} was withdrawn`)
      close()
    },
  )
  return (
    <Dialog
      title={`Withdraw ${release.name} ${release.version}`}
      submit="Withdraw it"
      grave
      onClose={close}
      onSubmit={() => act.run({ reason })}
      busy={act.busy}
      ready={reason.trim() !== ''}
      problem={act.problem}
      command={commands.withdraw(release.id, reason)}
    >
      <p>It can no longer be promoted. What runs of it goes on running.</p>
      <Textarea
        label="Reason"
        required
        data-autofocus
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </Dialog>
  )
}
