import { Checkbox, NativeSelect, Textarea, TextInput } from '@mantine/core'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { environmentsQuery, previewQuery, releasesQuery } from '../../api/queries'
import { problemFrom } from '../../api/refused'
import { useWhyNot } from '../../api/session'
import type { Decision, Release } from '../../api/types'
import { useAct } from '../../api/useAct'
import { usePages } from '../../api/usePages'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { GATE, lookOf } from '../../promotion/states'
import { ActionButton } from '../../widgets/ActionButton'
import { CommandHint } from '../../widgets/Dialog'
import { Empty } from '../../widgets/Empty'
import { Icon } from '../../widgets/Icon'
import { Loading } from '../../widgets/Loading'
import { PageHead, Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { State } from '../../widgets/State'
import { say } from '../../widgets/Toasts'
import { Changes } from './Changes'
import { Gates } from './Gates'
import { PlanView } from './PlanView'

const route = getRouteApi('/shell/promotions/new')

/** Ask for a release in an environment; what would happen is shown before anything is asked for. */
export function NewPromotionPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const environments = useSuspenseQuery(environmentsQuery).data.items.toSorted((a, b) => a.order - b.order)
  const { rows } = usePages(releasesQuery())
  const releases = rows.filter(({ state }) => state === 'sealed')
  const release = releases.find(({ id }) => id === search.release)
  const hotfix = search.hotfix !== undefined
  const set = (change: typeof search) =>
    void navigate({ ...paths.newPromotion({ ...search, ...change }), replace: true })
  return (
    <>
      <PageHead title="Request a promotion" sub="First look at what would happen; nothing is stored until you ask" />
      <div className="split">
        <div className="stack">
          {search.release && search.environment ? (
            <Preview
              release={search.release}
              of={release}
              environment={search.environment}
              hotfix={hotfix}
              ticket={search.ticket ?? ''}
            />
          ) : (
            <Empty icon="eye" title="Choose a release and an environment">
              Then the gates are asked, and the plan is made, without storing anything.
            </Empty>
          )}
        </div>
        <Panel title="What goes where">
          <div className="stack">
            <NativeSelect
              label="Release"
              value={search.release ?? ''}
              onChange={(event) => set({ release: event.currentTarget.value || undefined })}
              data={[
                { value: '', label: 'Choose' },
                ...(search.release && !release ? [{ value: search.release, label: search.release }] : []),
                ...releases.map(({ id, name, version }) => ({ value: id, label: `${name} ${version}` })),
              ]}
            />
            <NativeSelect
              label="Environment"
              value={search.environment ?? ''}
              onChange={(event) => set({ environment: event.currentTarget.value || undefined })}
              data={[
                { value: '', label: 'Choose' },
                ...environments.map(({ name, current }) => ({
                  value: name,
                  label: current ? `${name} (runs ${current.release.version})` : name,
                })),
              ]}
            />
            {search.release && search.environment && (
              <Request
                release={search.release}
                environment={search.environment}
                hotfix={hotfix}
                onHotfix={(wanted) => set({ hotfix: wanted ? '1' : undefined })}
                ticket={search.ticket ?? ''}
                onTicket={(named) => set({ ticket: named || undefined })}
              />
            )}
          </div>
        </Panel>
      </div>
    </>
  )
}

const PRIORITIES = ['high', 'normal', 'low'] as const
type Priority = (typeof PRIORITIES)[number]

interface Wish {
  release: string
  environment: string
  reason: string
  priority: Priority
  hotfix: boolean
  changeTicket: string
}

interface RequestProps {
  release: string
  environment: string
  hotfix: boolean
  onHotfix: (wanted: boolean) => void
  ticket: string
  onTicket: (named: string) => void
}

function Request({ release, environment, hotfix, onHotfix, ticket, onTicket }: RequestProps) {
  const navigate = useNavigate()
  const whyNot = useWhyNot('promotion.request')
  const preview = useQuery(previewQuery(release, environment, hotfix, ticket))
  const [reason, setReason] = useState('')
  const [priority, setPriority] = useState<Priority>('normal')
  const act = useAct(
    (body: Wish, headers) => take(api.POST('/api/v1/promotions', { body, headers })),
    (promotion) => {
      say(`Requested: ${promotion.release.name} ${promotion.release.version} to ${promotion.environment}`)
      void navigate(paths.promotion(promotion.id))
    },
  )
  const unseen = preview.data ? undefined : 'First see what would happen'
  const unsaid = hotfix && reason.trim() === '' ? 'A hotfix needs a reason' : undefined
  return (
    <>
      <Textarea
        label="Reason"
        description={hotfix ? 'It stands in the evidence.' : 'May stay empty. It stands in the evidence.'}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <NativeSelect
        label="Priority"
        description="Who goes first where several may go; rollbacks always do."
        value={priority}
        onChange={(event) => setPriority(PRIORITIES.find((one) => one === event.currentTarget.value) ?? 'normal')}
        data={[...PRIORITIES]}
      />
      <Ticket key={ticket} named={ticket} onNamed={onTicket} />
      <Checkbox
        label="As a hotfix"
        description="Leaves out the phases that its lifecycle lets you leave out. It is recorded."
        checked={hotfix}
        onChange={(event) => onHotfix(event.currentTarget.checked)}
      />
      {act.problem && <Refusal problem={act.problem} />}
      <ActionButton
        whyNot={whyNot ?? unseen ?? unsaid}
        loading={act.busy}
        leftSection={<Icon name="git-pull-request" />}
        onClick={() => act.run({ release, environment, reason, priority, hotfix, changeTicket: ticket })}
      >
        Request it
      </ActionButton>
      <CommandHint command={commands.promote(release, environment, priority, hotfix ? reason : undefined, ticket)} />
    </>
  )
}

/** What is written is named when the field is left: each name asks the gates anew. */
function Ticket({ named, onNamed }: { named: string; onNamed: (named: string) => void }) {
  const [written, setWritten] = useState(named)
  return (
    <TextInput
      label="Change ticket"
      description="May stay empty. Its key, or INTEGRATION:KEY; it is looked up."
      value={written}
      maxLength={200}
      onChange={(event) => setWritten(event.currentTarget.value)}
      onBlur={() => onNamed(written.trim())}
    />
  )
}

const WORDS: Readonly<Record<string, string>> = {
  pass: 'It may go: every gate passes. It is deployed as soon as nothing else is.',
  waiting: 'It would wait, for people or a time: nothing is wrong.',
  blocked: 'It would be blocked.',
  unknown: 'It would be blocked: a gate has no answer.',
}

function Verdict({ decision }: { decision: Decision }) {
  return (
    <p className="row">
      <State look={lookOf(GATE, decision.outcome)} pill />
      {WORDS[decision.outcome]}
    </p>
  )
}

interface PreviewProps {
  release: string
  of: Release | undefined
  environment: string
  hotfix: boolean
  ticket: string
}

function Preview({ release, of, environment, hotfix, ticket }: PreviewProps) {
  const preview = useQuery(previewQuery(release, environment, hotfix, ticket))
  if (preview.isPending) return <Loading label="Asking the gates" />
  if (preview.error) {
    return <Refusal problem={problemFrom(preview.error)} onRetry={() => void preview.refetch()} />
  }
  const { decision, plan, diff } = preview.data
  const to = of ?? { id: release, name: 'release', version: release, releaseDigest: '' }
  return (
    <>
      <Panel title="What the gates would say" side={<CommandHint command={commands.dryRun(release, environment, hotfix, ticket)} />} flush>
        <div style={{ padding: '10px 14px' }}>
          <Verdict decision={decision} />
        </div>
        <Gates decision={decision} />
      </Panel>
      <Changes diff={diff} to={to} environment={environment} />
      <PlanView plan={plan} />
    </>
  )
}
