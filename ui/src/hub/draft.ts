import type { Contribution } from '../api/types'
import { isObject } from '../words/object'
import { referenceFault } from './reference'
import type { Config } from './schema'

/** An integration while it is written: as it was typed. */
export interface Draft {
  name: string
  kind: string
  connector: string
  endpoint: string
  enabled: boolean
  config: Config
  credentials: Readonly<Record<string, string>>
  /** One a line. */
  hosts: string
  networks: string
  roles: readonly string[]
  environments: readonly string[]
  timeoutS: string
  requestsPerS: string
  ca: string
  proxy: string
  rotateBy: string
  /** What a later server may know beyond these. */
  more: Readonly<Record<string, unknown>>
}

export interface Document {
  apiVersion: 'stella/v1'
  kind: 'Integration'
  name: string
  spec: Record<string, unknown>
}

const TIMEOUT_S = 30

/** What is changed in the console is kept by nobody in particular, and takes nothing from an owner. */
export const BY_HAND = { text: '', takeOver: false, prune: false } as const

export const EMPTY: Draft = {
  name: '',
  kind: '',
  connector: '',
  endpoint: '',
  enabled: true,
  config: {},
  credentials: {},
  hosts: '',
  networks: '',
  roles: [],
  environments: [],
  timeoutS: String(TIMEOUT_S),
  requestsPerS: '0',
  ca: '',
  proxy: '',
  rotateBy: '',
  more: {},
}

const KNOWN = new Set(Object.keys(EMPTY).filter((key) => key !== 'more' && key !== 'name'))
const texts = (value: unknown) => (Array.isArray(value) ? value.map(String) : [])
const textOf = (value: unknown) => (value === null || value === undefined ? '' : String(value))

/** The draft of one that is there already. */
export function draftFrom(name: string, spec: Readonly<Record<string, unknown>>): Draft {
  return {
    name,
    kind: textOf(spec.kind),
    connector: textOf(spec.connector),
    endpoint: textOf(spec.endpoint),
    enabled: spec.enabled !== false,
    config: isObject(spec.config) ? spec.config : {},
    credentials: Object.fromEntries(
      Object.entries(isObject(spec.credentials) ? spec.credentials : {}).map(([key, value]) => [key, textOf(value)]),
    ),
    hosts: texts(spec.hosts).join('\n'),
    networks: texts(spec.networks).join('\n'),
    roles: texts(spec.roles),
    environments: texts(spec.environments),
    timeoutS: textOf(spec.timeoutS ?? TIMEOUT_S),
    requestsPerS: textOf(spec.requestsPerS ?? 0),
    ca: textOf(spec.ca),
    proxy: textOf(spec.proxy),
    rotateBy: textOf(spec.rotateBy),
    more: Object.fromEntries(Object.entries(spec).filter(([key]) => !KNOWN.has(key))),
  }
}

/** Another connector: of what was filled in stays what that one has, too. */
export function withConnector(draft: Draft, to: Contribution): Draft {
  const properties = isObject(to.configSchema.properties) ? to.configSchema.properties : {}
  const names = new Set(to.credentials.map(({ name }) => name))
  return {
    ...draft,
    kind: to.kind,
    connector: to.name,
    endpoint: to.schemes.length === 0 ? '' : draft.endpoint,
    config: Object.fromEntries(Object.entries(draft.config).filter(([key]) => key in properties)),
    credentials: Object.fromEntries(Object.entries(draft.credentials).filter(([key]) => names.has(key))),
  }
}

/**
 * place -> what is wrong with what was typed there, told without asking the server.
 *
 * taken: names that others have; the server would take such a one for a change of the other.
 */
export function faultsOf(draft: Draft, taken: readonly string[]): Map<string, string> {
  const faults = new Map<string, string>()
  if (taken.includes(draft.name)) faults.set('name', 'there is an integration of this name already')
  for (const [name, text] of Object.entries(draft.credentials)) {
    const fault = text === '' ? undefined : referenceFault(text)
    if (fault !== undefined) faults.set(`credentials.${name}`, fault)
  }
  for (const key of ['timeoutS', 'requestsPerS'] as const) {
    if (!/^\s*\d{1,9}\s*$/.test(draft[key])) faults.set(key, 'this is no whole number')
  }
  return faults
}

const lines = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** The document that is applied: what is as it would be anyway is left out, and so is what has a fault. */
export function documentOf(draft: Draft, faults: ReadonlyMap<string, string>): Document {
  const credentials = Object.entries(draft.credentials).filter(
    ([name, text]) => text !== '' && !faults.has(`credentials.${name}`),
  )
  const filled: [string, unknown, boolean][] = [
    ['config', draft.config, Object.keys(draft.config).length > 0],
    ['credentials', Object.fromEntries(credentials), credentials.length > 0],
    ['hosts', lines(draft.hosts), lines(draft.hosts).length > 0],
    ['networks', lines(draft.networks), lines(draft.networks).length > 0],
    ['roles', draft.roles, draft.roles.length > 0],
    ['environments', draft.environments, draft.environments.length > 0],
    ['ca', draft.ca.trim() === '' ? '' : `${draft.ca.trim()}\n`, draft.ca.trim() !== ''],
    ['proxy', draft.proxy.trim(), draft.proxy.trim() !== ''],
    ['timeoutS', Number(draft.timeoutS), !faults.has('timeoutS') && Number(draft.timeoutS) !== TIMEOUT_S],
    ['requestsPerS', Number(draft.requestsPerS), !faults.has('requestsPerS') && Number(draft.requestsPerS) !== 0],
    ['rotateBy', draft.rotateBy, draft.rotateBy !== ''],
    ['enabled', draft.enabled, !draft.enabled],
  ]
  return {
    apiVersion: 'stella/v1',
    kind: 'Integration',
    name: draft.name.trim(),
    spec: {
      kind: draft.kind,
      connector: draft.connector,
      ...(draft.endpoint.trim() === '' ? {} : { endpoint: draft.endpoint.trim() }),
      ...draft.more,
      ...Object.fromEntries(filled.flatMap(([key, value, is]) => (is ? [[key, value]] : []))),
    },
  }
}

/** The document of one as the server shows it, without what is as it would be anyway. */
export function tidy(name: string, spec: Readonly<Record<string, unknown>>): Document {
  return documentOf(draftFrom(name, spec), new Map())
}
