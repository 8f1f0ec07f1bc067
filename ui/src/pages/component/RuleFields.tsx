import { ActionIcon, Button, Checkbox, Textarea, TextInput } from '@mantine/core'
import { type ChannelDraft, channelPlace, EMPTY_RULE, type RuleDraft } from '../../release/component'
import { Icon } from '../../widgets/Icon'
import { Panel } from '../../widgets/Panel'
import form from '../hub/Form.module.css'
import style from './Component.module.css'

/** What is wrong at a place. */
export type At = (place: string) => string | undefined

interface RuleProps {
  rule: RuleDraft
  /** The name of its channel, before the labels of its fields. */
  of?: string
  change: (part: Partial<RuleDraft>) => void
  at: At
}

/** The fields of one rule. */
export function RuleFields({ rule, of = '', change, at }: RuleProps) {
  const named = (label: string) => (of === '' ? label : `${label} of ${of}`)
  return (
    <>
      <TextInput
        label="Tags"
        aria-label={named('Tags')}
        description="{version} where it stands, * before or after it for anything."
        classNames={{ input: form.code ?? '' }}
        value={rule.tag}
        error={at('tag')}
        onChange={(event) => change({ tag: event.currentTarget.value })}
      />
      <TextInput
        label="Range"
        aria-label={named('Range')}
        description="As semver writes it: ^1.2, ~1.4, >=1 <3. Empty: any."
        classNames={{ input: form.code ?? '' }}
        value={rule.range}
        error={at('range')}
        onChange={(event) => change({ range: event.currentTarget.value })}
      />
      <TextInput
        label="Regular expression"
        aria-label={named('Regular expression')}
        description="Has to be found in a tag. Empty: any."
        classNames={{ input: form.code ?? '' }}
        value={rule.regex}
        error={at('regex')}
        onChange={(event) => change({ regex: event.currentTarget.value })}
      />
      <Checkbox
        label="Prereleases too"
        aria-label={named('Prereleases too')}
        description="Whether 1.4.0-rc.1 is a version."
        checked={rule.prereleases}
        onChange={(event) => change({ prereleases: event.currentTarget.checked })}
      />
    </>
  )
}

interface ChannelsProps {
  channels: readonly ChannelDraft[]
  onChange: (channels: readonly ChannelDraft[]) => void
  at: At
}

/** Other rules under names. */
export function Channels({ channels, onChange, at }: ChannelsProps) {
  const change = (key: number, part: Partial<ChannelDraft>) =>
    onChange(channels.map((one) => (one.key === key ? { ...one, ...part } : one)))
  const add = () =>
    onChange([...channels, { ...EMPTY_RULE, name: '', key: Math.max(-1, ...channels.map(({ key }) => key)) + 1 }])
  return (
    <Panel title="Channels">
      <div className="stack">
        <p className="muted">Other rules under names, for templates and for who asks.</p>
        {channels.map((channel) => (
          <OneChannel
            key={channel.key}
            channel={channel}
            change={(part) => change(channel.key, part)}
            onRemove={() => onChange(channels.filter(({ key }) => key !== channel.key))}
            at={(field) => at(channelPlace(channel, field))}
          />
        ))}
        <div>
          <Button variant="default" leftSection={<Icon name="plus" />} onClick={add}>
            Add a channel
          </Button>
        </div>
      </div>
    </Panel>
  )
}

interface ChannelProps {
  channel: ChannelDraft
  change: (part: Partial<ChannelDraft>) => void
  onRemove: () => void
  at: At
}

function OneChannel({ channel, change, onRemove, at }: ChannelProps) {
  const of = channel.name.trim() || 'the new channel'
  return (
    <fieldset className={style.channel} aria-label={`Channel ${of}`}>
      <div className="row between">
        <span className="strong">{channel.name.trim() || 'A new channel'}</span>
        <ActionIcon aria-label={`Remove ${of}`} onClick={onRemove}>
          <Icon name="x" />
        </ActionIcon>
      </div>
      <div className={form.fields}>
        <TextInput
          label="Name"
          aria-label={`Name of ${of}`}
          withAsterisk
          placeholder="next"
          value={channel.name}
          error={at('name')}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        <TextInput
          label="Repository"
          aria-label={`Repository of ${of}`}
          placeholder="the component's own"
          classNames={{ input: form.code ?? '' }}
          value={channel.image}
          error={at('image')}
          onChange={(event) => change({ image: event.currentTarget.value })}
        />
        <RuleFields rule={channel} of={of} change={change} at={at} />
        {(channel.image !== '' || channel.mirrors !== '') && (
          <Textarea
            label="Mirrors"
            aria-label={`Mirrors of ${of}`}
            description="One a line."
            className={form.whole}
            classNames={{ input: form.code ?? '' }}
            value={channel.mirrors}
            error={at('mirrors')}
            onChange={(event) => change({ mirrors: event.currentTarget.value })}
          />
        )}
      </div>
    </fieldset>
  )
}
