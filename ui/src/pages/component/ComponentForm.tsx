import { Textarea, TextInput } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { api, take } from '../../api/client'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { BY_HAND } from '../../hub/draft'
import { paths } from '../../paths'
import {
  channelPlace,
  type ComponentDraft,
  componentFaults,
  type ComponentYaml,
  componentYaml,
  reasonsAt,
} from '../../release/component'
import { Command } from '../../widgets/Copy'
import { PageHead, Panel } from '../../widgets/Panel'
import { say } from '../../widgets/Toasts'
import { yamlText } from '../../words/yaml'
import form from '../hub/Form.module.css'
import { Outcome } from '../hub/Outcome'
import { useDryRun } from '../hub/useDryRun'
import { type At, Channels, RuleFields } from './RuleFields'

interface Props {
  /** The name of the one that is changed; undefined for a new one. */
  before: string | undefined
  first: ComponentDraft
  /** Names that a new one cannot have. */
  taken: readonly string[]
}

/** A component while it is written: what the server says of it stands at the field that it is about. */
export function ComponentForm({ before, first, taken }: Props) {
  const navigate = useNavigate()
  const [draft, setDraft] = useState(first)
  const faults = useMemo(() => componentFaults(draft, taken), [draft, taken])
  const document = componentYaml(draft)
  const isReady = document.name !== '' && document.spec.image !== '' && faults.size === 0
  const { verdict, isCurrent } = useDryRun(isReady ? document : undefined, 0)
  const said = reasonsAt(verdict.kind === 'refused' ? verdict.reasons : [], draft)
  const change = (part: Partial<ComponentDraft>) => setDraft((now) => ({ ...now, ...part }))
  const act = useAct(
    (body: ComponentYaml, headers) =>
      take(api.POST('/api/v1/apply', { body: { ...BY_HAND, documents: [{ ...body }], dryRun: false }, headers })),
    () => {
      say(`The component ${document.name} is ${before === undefined ? 'there' : 'changed'}`)
      void navigate(paths.component(document.name))
    },
  )
  const isFine = isReady && isCurrent && verdict.kind === 'fine'
  const at: At = (place) => faults.get(place) ?? said.at.get(place)?.join('; ')
  return (
    <form
      className="stack"
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault()
        if (isFine && !act.busy) act.run(document)
      }}
    >
      <PageHead
        title={before === undefined ? 'Add a component' : `Change ${before}`}
        sub="Checked by the server while you type; nothing is applied before you say so"
      />
      <div className={form.form}>
        <div className="stack">
          <WherePanel draft={draft} isNew={before === undefined} change={change} at={at} />
          <Panel title="Which tags are versions">
            <div className={form.fields}>
              <RuleFields rule={draft.rule} change={(part) => change({ rule: { ...draft.rule, ...part } })} at={(field) => at(`versions.${field}`)} />
            </div>
          </Panel>
          <Channels channels={draft.channels} onChange={(channels) => change({ channels })} at={at} />
        </div>
        <div className={`stack ${form.side}`}>
          <Outcome
            name={document.name}
            command={commands.applyComponent(document.name)}
            needs="a name and a repository"
            verdict={verdict}
            isReady={isReady}
            isCurrent={isCurrent}
            isNew={before === undefined}
            isWhole={faults.size === 0}
            wrong={[...new Set([...faults.keys(), ...said.at.keys()])].map((place) => placeName(place, draft))}
            missing={[]}
            rest={said.rest}
            problem={act.problem}
            busy={act.busy}
          />
          <Panel title="The document">
            <Command text={yamlText(document)} label="the document" />
          </Panel>
        </div>
      </div>
    </form>
  )
}

/** A place as the form calls it: "Range of next". */
function placeName(place: string, draft: ComponentDraft): string {
  const field = place.slice(place.lastIndexOf('.') + 1)
  const title = { name: 'Name', image: 'Repository', mirrors: 'Mirrors', platforms: 'Platforms', tag: 'Tags', range: 'Range', regex: 'Regular expression' }[field] ?? field
  const channel = draft.channels.find((one) => channelPlace(one, field) === place)
  return channel === undefined ? title : `${title} of channel ${channel.name || 'without a name'}`
}

interface WhereProps {
  draft: ComponentDraft
  isNew: boolean
  change: (part: Partial<ComponentDraft>) => void
  at: At
}

function WherePanel({ draft, isNew, change, at }: WhereProps) {
  return (
    <Panel title="Where its images lie">
      <div className={form.fields}>
        <TextInput
          label="Name"
          description="As it is called in releases."
          withAsterisk={isNew}
          classNames={isNew ? {} : { input: form.fixed ?? '' }}
          placeholder="web"
          autoFocus={isNew}
          readOnly={!isNew}
          value={draft.name}
          error={at('name')}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        <TextInput
          label="Repository"
          description="Host and path, without a tag."
          withAsterisk
          placeholder="registry.example/shop/web"
          classNames={{ input: form.code ?? '' }}
          value={draft.image}
          error={at('image')}
          onChange={(event) => change({ image: event.currentTarget.value })}
        />
        <Textarea
          label="Mirrors"
          description="With the same images, one a line; asked in this order where those before do not answer."
          classNames={{ input: form.code ?? '' }}
          value={draft.mirrors}
          error={at('mirrors')}
          onChange={(event) => change({ mirrors: event.currentTarget.value })}
        />
        <Textarea
          label="Platforms"
          description="That an image has to have, one a line; none: any."
          placeholder="linux/amd64"
          classNames={{ input: form.code ?? '' }}
          value={draft.platforms}
          error={at('platforms')}
          onChange={(event) => change({ platforms: event.currentTarget.value })}
        />
      </div>
    </Panel>
  )
}
