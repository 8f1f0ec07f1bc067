import { TextInput } from '@mantine/core'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { templatePreviewQuery, templatesQuery } from '../../api/components'
import { problemFrom } from '../../api/refused'
import { useWhyNot } from '../../api/session'
import type { Problem, ReleaseTemplate } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { ActionButton } from '../../widgets/ActionButton'
import { CommandHint } from '../../widgets/Dialog'
import { Empty } from '../../widgets/Empty'
import { Icon } from '../../widgets/Icon'
import { Loading } from '../../widgets/Loading'
import { EditLink } from '../../widgets/EditLink'
import { PageHead, Pairs, Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { type Column, Table } from '../../widgets/Table'
import { say } from '../../widgets/Toasts'
import style from './Component.module.css'
import { WouldSeal } from './WouldSeal'

const route = getRouteApi('/shell/templates/$name')

/** How releases of a name are made, and the next one of them before it is made. */
export function TemplatePage() {
  const { name } = route.useParams()
  const template = useSuspenseQuery(templatesQuery).data.items.find((one) => one.name === name)
  if (template === undefined) {
    return (
      <Empty heading="h1" icon="package" title={`There is no template ${name}`} command={commands.firstComponent()}>
        Apply it, or choose another under Components.
      </Empty>
    )
  }
  return <Maker key={name} template={template} />
}

type Picks = Readonly<Record<string, string>>

/** Only what was typed; nothing is the newest that the template allows. */
const typed = (picks: Picks): Picks => Object.fromEntries(Object.entries(picks).filter(([, version]) => version !== ''))

/** Which component a refusal is about, where it tells. */
const blamed = (problem: Problem | undefined) => {
  const component = problem?.facts?.component
  return typeof component === 'string' ? component : undefined
}

function Maker({ template }: { template: ReleaseTemplate }) {
  const { name } = template
  const navigate = useNavigate()
  const whyNot = useWhyNot('release.create')
  const [draft, setDraft] = useState<Picks>({})
  // The registry is asked when a field is left, not with every key.
  const [picks, setPicks] = useState<Picks>({})
  const [channel, setChannel] = useState('')
  const [named, setNamed] = useState('')
  const preview = useQuery({ ...templatePreviewQuery(name, picks, named), enabled: whyNot === undefined })
  const act = useAct(
    (body: { template: string; versions: Record<string, string>; channel: string }, headers) =>
      take(api.POST('/api/v1/releases/from-template', { body, headers })),
    (release) => {
      say(`${release.name} ${release.version} is sealed`)
      void navigate(paths.release(release.id))
    },
  )
  const problem = act.problem ?? (preview.error ? problemFrom(preview.error) : undefined)
  const atField = blamed(problem)
  const commit = () => {
    act.reset()
    setPicks(typed(draft))
    setNamed(channel.trim())
  }
  const isSeen = preview.data !== undefined && !preview.isFetching && JSON.stringify(typed(draft)) === JSON.stringify(picks)
  const columns: readonly Column<ReleaseTemplate['components'][number]>[] = [
    {
      key: 'component',
      head: 'Component',
      cell: ({ component, channel: from }) => (
        <Link {...paths.component(component, { channel: from || undefined })} className="strong">
          {component}
        </Link>
      ),
    },
    { key: 'rule', head: 'Takes', cell: (pick) => pickText(pick) },
    {
      key: 'hand',
      head: 'By hand',
      width: '45%',
      cell: ({ component }) => (
        <TextInput
          aria-label={`Version of ${component}`}
          placeholder="the newest"
          value={draft[component] ?? ''}
          error={atField === component ? problem?.title : undefined}
          onChange={(event) => setDraft({ ...draft, [component]: event.currentTarget.value })}
          onBlur={commit}
        />
      ),
    },
  ]
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        commit()
      }}
    >
      <PageHead
        title={name}
        sub={
          <span>
            Template of releases, versions like <code>{template.version}</code>
          </span>
        }
        actions={<EditLink kind="ReleaseTemplate" name={name} />}
      />
      <div className="split">
        <div className="stack">
          <Panel title="What it takes" flush>
            <Table label="What it takes" rows={template.components} rowKey={({ component }) => component} columns={columns} />
          </Panel>
          {whyNot === undefined ? (
            <Panel
              title="What would be sealed"
              label="What would be sealed"
              side={<CommandHint command={commands.makeRelease(name, picks, named, true)} />}
              flush
            >
              {preview.isFetching && <Loading label="Asking the registries" lines={3} inset />}
              {!preview.isFetching && preview.data && <WouldSeal preview={preview.data} />}
              {problem && (
                <div className={style.note}>
                  <Refusal problem={problem} onRetry={() => void preview.refetch()} />
                </div>
              )}
            </Panel>
          ) : (
            <p className="muted">{whyNot}</p>
          )}
        </div>
        <Panel title="Make the release">
          <div className="stack">
            <Pairs
              of={[
                ['Called', preview.data && !preview.isFetching ? `${name} ${preview.data.version}` : name],
                ['Channel', preview.data?.channel || template.channel || <span key="none" className="muted">none</span>],
              ]}
            />
            <TextInput
              label="Another channel"
              description="May stay empty: then the template's. It picks the lifecycle."
              value={channel}
              onChange={(event) => setChannel(event.currentTarget.value)}
              onBlur={commit}
            />
            <ActionButton
              whyNot={whyNot ?? (isSeen ? undefined : 'First see what would be sealed')}
              loading={act.busy}
              leftSection={<Icon name="lock" />}
              onClick={() => act.run({ template: name, versions: { ...picks }, channel: named })}
            >
              Seal the release
            </ActionButton>
            <CommandHint command={commands.makeRelease(name, picks, named)} />
          </div>
        </Panel>
      </div>
    </form>
  )
}

function pickText({ channel, range }: ReleaseTemplate['components'][number]) {
  if (channel !== '') return `the newest of channel ${channel}`
  if (range === '') return 'the newest by its own rule'
  return (
    <>
      the newest within <code>{range}</code>
    </>
  )
}
