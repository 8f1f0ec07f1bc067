import { isObject } from '../words/object'

// A form from JSON Schema (2020-12): what can be drawn is drawn, the rest is JSON text. The server judges, not this.

export type Schema = Readonly<Record<string, unknown>>
export type Config = Readonly<Record<string, unknown>>

interface Common {
  /** The keys that lead here, as the server's reasons write them: "config.health.retries". */
  path: string
  key: string
  title: string
  description: string | undefined
  required: boolean
}

export interface Option {
  /** The value as JSON: an option may be a number or a boolean. */
  json: string
  label: string
}

export type Field = Common &
  (
    /** long: of several lines. */
    | { kind: 'text'; hint: string | undefined; long: boolean }
    | { kind: 'number'; whole: boolean; min: number | undefined; max: number | undefined; hint: string | undefined }
    | { kind: 'flag'; byDefault: boolean }
    | { kind: 'choice'; options: readonly Option[]; byDefault: string | undefined }
    | { kind: 'lines' }
    | { kind: 'group'; fields: readonly Field[] }
    | { kind: 'json' }
    /** Everything within its object that no other field shows: the keys that others show are named. */
    | { kind: 'rest'; but: readonly string[] }
  )

/** Words that let more in, or ask for more, than the properties say. */
const BEYOND = ['allOf', 'anyOf', 'oneOf', 'not', 'if', '$ref', '$dynamicRef', 'patternProperties', 'dependentSchemas']
const CHOICES_MAX = 100

/**
 * The fields of a connector's configuration.
 *
 * config: as it is now; what a field could not show without changing it becomes JSON text, so that nothing is lost.
 */
export function fieldsOf(schema: Schema, config: Config): Field[] {
  return fieldsWithin(schema, config, 'config', 1)
}

/** nested: how many levels of objects may be drawn below this one. */
function fieldsWithin(schema: Schema, config: Config, path: string, nested: number): Field[] {
  const properties = isObject(schema.properties) ? schema.properties : {}
  const required = Array.isArray(schema.required) ? schema.required : []
  const fields = Object.entries(properties).map(([key, raw]) =>
    fieldOf(isObject(raw) ? raw : {}, config[key], {
      path: `${path}.${key}`,
      key,
      required: required.includes(key),
      nested,
    }),
  )
  const but = Object.keys(properties)
  const isOpen = schema.additionalProperties !== false || BEYOND.some((word) => word in schema)
  if (isOpen || Object.keys(config).some((key) => !but.includes(key))) {
    fields.push({
      kind: 'rest',
      but,
      path,
      key: '',
      title: but.length === 0 ? 'Settings' : 'Further settings',
      description: isOpen ? text(but.length === 0 ? schema.description : undefined) : 'The connector knows none of these.',
      required: false,
    })
  }
  return fields
}

interface Place {
  path: string
  key: string
  required: boolean
  nested: number
}

function fieldOf(schema: Schema, value: unknown, { nested, ...place }: Place): Field {
  const common = { ...place, title: text(schema.title) ?? titleOf(place.key), description: text(schema.description) }
  const drawn = drawnOf(schema, common, value, nested)
  return drawn !== undefined && (value === undefined || shows(drawn, value)) ? drawn : { ...common, kind: 'json' }
}

function drawnOf(schema: Schema, common: Common, value: unknown, nested: number): Field | undefined {
  if (BEYOND.some((word) => word in schema)) return undefined
  const options = optionsOf(schema)
  if (options !== undefined) {
    return { ...common, kind: 'choice', options, byDefault: 'default' in schema ? labelOf(schema.default) : undefined }
  }
  const hint = 'default' in schema ? labelOf(schema.default) : undefined
  switch (typeOf(schema)) {
    case 'string':
      return { ...common, kind: 'text', hint, long: 'contentMediaType' in schema || String(value).includes('\n') }
    case 'integer':
    case 'number':
      return {
        ...common,
        kind: 'number',
        whole: schema.type === 'integer',
        min: number(schema.minimum),
        max: number(schema.maximum),
        hint,
      }
    case 'boolean':
      // A box has two states: where nothing is the third, it is a choice.
      return typeof schema.default === 'boolean'
        ? { ...common, kind: 'flag', byDefault: schema.default }
        : { ...common, kind: 'choice', options: YES_NO, byDefault: undefined }
    case 'array':
      return isObject(schema.items) && typeOf(schema.items) === 'string' && !('enum' in schema.items)
        ? { ...common, kind: 'lines' }
        : undefined
    case 'object': {
      if (nested === 0 || !isObject(schema.properties) || schema.additionalProperties !== false) return undefined
      return { ...common, kind: 'group', fields: fieldsWithin(schema, isObject(value) ? value : {}, common.path, 0) }
    }
    default:
      return undefined
  }
}

const YES_NO: readonly Option[] = [
  { json: 'true', label: 'yes' },
  { json: 'false', label: 'no' },
]

/** Whether the field shows that value, and gives it back as it was. */
function shows(field: Field, value: unknown): boolean {
  switch (field.kind) {
    case 'text':
      return typeof value === 'string'
    case 'number':
      return typeof value === 'number'
    case 'flag':
      return typeof value === 'boolean'
    case 'choice':
      return field.options.some(({ json }) => json === JSON.stringify(value))
    case 'lines':
      return Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '' && !item.includes('\n'))
    case 'group':
      return isObject(value)
    default:
      return true
  }
}

function optionsOf(schema: Schema): Option[] | undefined {
  const values = 'const' in schema ? [schema.const] : schema.enum
  if (!Array.isArray(values) || values.length > CHOICES_MAX) return undefined
  return values.map((value) => ({ json: JSON.stringify(value), label: labelOf(value) }))
}

/** The one type, where "or null" does not count: nothing is how null is said. */
function typeOf(schema: Schema): string | undefined {
  if (typeof schema.type === 'string') return schema.type
  if (!Array.isArray(schema.type)) return undefined
  const types = schema.type.filter((type) => type !== 'null')
  return types.length === 1 && typeof types[0] === 'string' ? types[0] : undefined
}

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)
const number = (value: unknown) => (typeof value === 'number' ? value : undefined)

function labelOf(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** "plain_http" and "plainHttp" as "Plain http". */
export function titleOf(key: string): string {
  const words = key
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replaceAll(/[_-]+/g, ' ')
    .trim()
    .toLowerCase()
  return words === '' ? key : `${words[0]?.toUpperCase() ?? ''}${words.slice(1)}`
}

/** `config` with `value` under `key`; undefined takes the key away. */
export function put(config: Config, key: string, value: unknown): Config {
  const { [key]: _, ...others } = config
  return value === undefined ? others : { ...config, [key]: value }
}

/** What a field shows of its object. */
export function valueOf(field: Field, config: Config): unknown {
  if (field.kind !== 'rest') return config[field.key]
  const rest = Object.entries(config).filter(([key]) => !field.but.includes(key))
  return rest.length === 0 ? undefined : Object.fromEntries(rest)
}

/** The object after a field was changed. */
export function withValue(field: Field, config: Config, value: unknown): Config {
  if (field.kind !== 'rest') return put(config, field.key, value)
  const shown = Object.entries(config).filter(([key]) => field.but.includes(key))
  return { ...Object.fromEntries(shown), ...(isObject(value) ? value : {}) }
}

/** A number as it was typed; what is none stays text, and the server says what is wrong with it. */
export function typedNumber(typed: string): number | string | undefined {
  const trimmed = typed.trim()
  if (trimmed === '') return undefined
  const value = Number(trimmed)
  return Number.isFinite(value) ? value : trimmed
}

/** One item a line. None is no list, but where a list must be there. */
export function typedLines(typed: string, required: boolean): string[] | undefined {
  const lines = typed.split('\n').filter((line) => line.trim() !== '')
  return lines.length === 0 && !required ? undefined : lines
}

type Typed = { value: unknown } | { fault: string }

/** JSON text; nothing is no value. */
export function typedJson(typed: string, field: Field): Typed {
  if (typed.trim() === '') return { value: undefined }
  let value: unknown
  try {
    value = JSON.parse(typed)
  } catch (error) {
    return { fault: `this is no JSON: ${error instanceof Error ? error.message : 'it cannot be read'}` }
  }
  if (field.kind !== 'rest') return { value }
  if (!isObject(value)) return { fault: 'this is no JSON object: {"name": value}' }
  const shown = Object.keys(value).find((key) => field.but.includes(key))
  return shown === undefined ? { value } : { fault: `${shown} has a field of its own` }
}

/** Every place that has a field, deepest included. */
export function placesOf(fields: readonly Field[]): string[] {
  return fields.flatMap((field) => [field.path, ...(field.kind === 'group' ? placesOf(field.fields) : [])])
}

/** What the field at a place is called; of one within a group, the group first. */
export function titleAt(fields: readonly Field[], place: string): string | undefined {
  for (const field of fields) {
    if (field.path === place) return field.title
    const inner = field.kind === 'group' ? titleAt(field.fields, place) : undefined
    if (inner !== undefined) return `${field.title}: ${inner}`
  }
  return undefined
}
