import type { ComponentVersion, Release, ReleaseComponentDocument, VersionRule } from '../api/types'

// A component while it is written: as it was typed. The server judges it; this only says where its words belong.

export interface RuleDraft {
  tag: string
  range: string
  prereleases: boolean
  regex: string
  image: string
  /** One a line. */
  mirrors: string
}

export interface ChannelDraft extends RuleDraft {
  key: number
  name: string
}

export interface ComponentDraft {
  name: string
  image: string
  /** One a line. */
  mirrors: string
  platforms: string
  rule: RuleDraft
  channels: readonly ChannelDraft[]
}

export interface ComponentYaml {
  apiVersion: 'stella/v1'
  kind: 'Component'
  name: string
  spec: Record<string, unknown>
}

const ANY_TAG = '{version}'

export const EMPTY_RULE: RuleDraft = { tag: ANY_TAG, range: '', prereleases: false, regex: '', image: '', mirrors: '' }
export const EMPTY_COMPONENT: ComponentDraft = {
  name: '',
  image: '',
  mirrors: '',
  platforms: '',
  rule: EMPTY_RULE,
  channels: [],
}

const ruleDraft = (rule: VersionRule): RuleDraft => ({
  ...rule,
  image: rule.image ?? '',
  mirrors: rule.mirrors.join('\n'),
})

/** The draft of one that is there already. */
export function componentDraft(of: ReleaseComponentDocument): ComponentDraft {
  return {
    name: of.name,
    image: of.image,
    mirrors: of.mirrors.join('\n'),
    platforms: of.platforms.join('\n'),
    rule: ruleDraft(of.versions),
    channels: Object.entries(of.channels).map(([name, rule], key) => ({ key, name, ...ruleDraft(rule) })),
  }
}

const lines = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

const filled = (pairs: readonly (readonly [string, unknown, boolean])[]) =>
  Object.fromEntries(pairs.flatMap(([key, value, is]) => (is ? [[key, value]] : [])))

const listOf = (key: string, text: string) => [key, lines(text), lines(text).length > 0] as const

function ruleSpec(rule: RuleDraft): Record<string, unknown> {
  return filled([
    ['image', rule.image.trim(), rule.image.trim() !== ''],
    listOf('mirrors', rule.mirrors),
    ['tag', rule.tag.trim(), rule.tag.trim() !== ANY_TAG],
    ['range', rule.range.trim(), rule.range.trim() !== ''],
    ['prereleases', true, rule.prereleases],
    ['regex', rule.regex, rule.regex !== ''],
  ])
}

/** The document that is applied: what is as it would be anyway is left out. */
export function componentYaml(draft: ComponentDraft): ComponentYaml {
  const versions = ruleSpec(draft.rule)
  return {
    apiVersion: 'stella/v1',
    kind: 'Component',
    name: draft.name.trim(),
    spec: {
      image: draft.image.trim(),
      ...filled([
        listOf('mirrors', draft.mirrors),
        ['versions', versions, Object.keys(versions).length > 0],
        [
          'channels',
          Object.fromEntries(draft.channels.map((channel) => [channel.name.trim(), ruleSpec(channel)])),
          draft.channels.length > 0,
        ],
        listOf('platforms', draft.platforms),
      ]),
    },
  }
}

/** place -> what is wrong there, told without the server: it would not see them. taken: names of others. */
export function componentFaults(draft: ComponentDraft, taken: readonly string[]): Map<string, string> {
  const faults = new Map<string, string>()
  if (taken.includes(draft.name.trim())) faults.set('name', 'there is a component of this name already')
  draft.channels.forEach((channel, index) => {
    const name = channel.name.trim()
    if (name === '') faults.set(channelPlace(channel, 'name'), 'a channel has a name')
    else if (draft.channels.findIndex((one) => one.name.trim() === name) < index) {
      faults.set(channelPlace(channel, 'name'), 'another channel is called so')
    }
  })
  return faults
}

const RULE_FIELDS = ['tag', 'range', 'regex', 'image', 'mirrors'] as const

/** Where a field of a channel is: by its key, as its name may be typed anew. */
export const channelPlace = ({ key }: Pick<ChannelDraft, 'key'>, field: string) => `channel ${key}.${field}`

export interface Said {
  /** place -> what the server says of it. */
  at: ReadonlyMap<string, readonly string[]>
  /** What no field is the place of. */
  rest: readonly string[]
}

/** Each reason of the server at the field that it is about. Its words are release/components/model.py's. */
export function reasonsAt(reasons: readonly string[], draft: ComponentDraft): Said {
  const at = new Map<string, string[]>()
  const rest: string[] = []
  for (const reason of reasons) {
    const [place, words] = placeOf(reason, draft)
    if (place === undefined) rest.push(reason)
    else at.set(place, [...(at.get(place) ?? []), words])
  }
  return { at, rest }
}

function placeOf(reason: string, draft: ComponentDraft): [string | undefined, string] {
  if (reason.startsWith('its name ')) return ['name', reason]
  const [, where = '', words = reason] = /^([A-Za-z.0-9_-]+): (.*)$/s.exec(reason) ?? []
  if (['image', 'mirrors', 'platforms'].includes(where)) return [where, words]
  const field = where.slice(where.lastIndexOf('.') + 1)
  if (where.startsWith('versions.') && RULE_FIELDS.some((one) => one === field)) return [where, words]
  const named = /^'(.*)' is no name$/.exec(words)?.[1]
  const name = where === 'channels' ? named : where.replace(/^channels\./, '').slice(0, -field.length - 1)
  const channel = where.startsWith('channels') && draft.channels.find((one) => one.name.trim() === name)
  if (!channel) return [undefined, reason]
  return [channelPlace(channel, where === 'channels' ? 'name' : field), where === 'channels' ? `${named} is no name` : words]
}

/** A rule in words: "tags like v{version}, within ^1.2, with prereleases". */
export function ruleText({ tag, range, prereleases, regex }: VersionRule): string {
  return [
    `tags like ${tag}`,
    range === '' ? 'of any version' : `within ${range}`,
    prereleases ? 'prereleases too' : 'no prereleases',
    ...(regex === '' ? [] : [`that hold ${regex}`]),
  ].join(', ')
}

/** Where a version comes from. */
export function originText({ tag, told }: ComponentVersion): string {
  if (told === null) return `tag ${tag ?? ''}`
  return told.build === null && told.commit === null ? 'told by hand' : `told by CI${told.build === null ? '' : `, ${told.build}`}`
}

export interface Taken {
  release: Release
  /** What was sealed. */
  digest: string
  /** The tag names another digest by now. */
  moved: boolean
}

/** The releases that took a version: of those given, by the tag or digest that they were sealed from. */
export function takenBy(
  component: string,
  images: readonly string[],
  version: ComponentVersion,
  releases: readonly Release[],
): Taken[] {
  return releases.flatMap((release) => {
    const held = release.components.find(({ name }) => name === component)
    if (held === undefined) return []
    const { told, tag } = version
    const took =
      told === null ? images.some((image) => held.reference === `${image}:${tag ?? ''}`) : held.digest === told.digest
    return took ? [{ release, digest: held.digest, moved: held.tagDrift !== null }] : []
  })
}

/** All repositories in which a rule looks. */
export function placesOf(of: ReleaseComponentDocument, channel: string): string[] {
  const rule = of.channels[channel]
  return rule?.image ? [rule.image, ...rule.mirrors] : [of.image, ...of.mirrors]
}

/** Whether a component or its channels hold every word. */
export function componentText(of: ReleaseComponentDocument): string {
  const channels = Object.entries(of.channels).flatMap(([name, { image, mirrors }]) => [name, image ?? '', ...mirrors])
  return [of.name, of.image, ...of.mirrors, ...of.platforms, ...channels].join(' ')
}
