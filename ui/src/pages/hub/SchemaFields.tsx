import { Checkbox, NativeSelect, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import {
  type Config,
  type Field,
  typedJson,
  typedLines,
  typedNumber,
  valueOf,
  withValue,
} from '../../hub/schema'
import { isObject } from '../../words/object'
import style from './Form.module.css'

export interface Faults {
  /** What is wrong at a place, for the reader; undefined where nothing is. */
  at: (place: string) => string | undefined
  /** A fault that only the field knows: its text is no JSON. */
  onFault: (place: string, fault: string | undefined) => void
}

interface Props extends Faults {
  fields: readonly Field[]
  config: Config
  onChange: (config: Config) => void
}

/** The fields of a connector's own settings. They are fixed when they are first drawn; only their values change. */
export function SchemaFields({ fields, config, onChange, ...faults }: Props) {
  return (
    <div className={style.fields}>
      {fields.map((field) => (
        <OneField
          key={`${field.path}/${field.key}`}
          field={field}
          value={valueOf(field, config)}
          onChange={(value) => onChange(withValue(field, config, value))}
          {...faults}
        />
      ))}
    </div>
  )
}

interface FieldProps extends Faults {
  field: Field
  value: unknown
  onChange: (value: unknown) => void
}

function OneField(props: FieldProps) {
  const { field, value, onChange, at } = props
  const common = { label: field.title, description: field.description, withAsterisk: field.required, error: at(field.path) }
  switch (field.kind) {
    case 'text':
      return field.long ? (
        <Textarea
          {...common}
          className={style.whole}
          classNames={{ input: style.code ?? '' }}
          spellCheck={false}
          autosize
          maxRows={16}
          value={typeof value === 'string' ? value : ''}
          onChange={(event) => onChange(event.currentTarget.value === '' ? undefined : event.currentTarget.value)}
        />
      ) : (
        <TextInput
          {...common}
          className={style.whole}
          placeholder={field.hint}
          value={typeof value === 'string' ? value : ''}
          onChange={(event) => onChange(event.currentTarget.value === '' ? undefined : event.currentTarget.value)}
        />
      )
    case 'flag':
      return (
        <Checkbox
          label={field.title}
          description={field.description}
          error={common.error}
          checked={typeof value === 'boolean' ? value : field.byDefault}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      )
    case 'choice':
      return (
        <NativeSelect
          {...common}
          value={value === undefined ? '' : JSON.stringify(value)}
          onChange={(event) =>
            onChange(event.currentTarget.value === '' ? undefined : JSON.parse(event.currentTarget.value))
          }
          data={[
            { value: '', label: field.byDefault === undefined ? 'not set' : `by default: ${field.byDefault}` },
            ...field.options.map(({ json, label }) => ({ value: json, label })),
          ]}
        />
      )
    case 'group':
      return (
        <fieldset className={style.group}>
          <legend>{field.title}</legend>
          {field.description && <p className="muted small">{field.description}</p>}
          {common.error && <p className={style.fault}>{common.error}</p>}
          <SchemaFields
            fields={field.fields}
            config={isObject(value) ? value : {}}
            onChange={(inner) => onChange(Object.keys(inner).length === 0 && !field.required ? undefined : inner)}
            at={at}
            onFault={props.onFault}
          />
        </fieldset>
      )
    case 'number':
      return <NumberField {...props} field={field} />
    default:
      return <TextField {...props} />
  }
}

function NumberField({ field, value, onChange, at }: FieldProps & { field: Field & { kind: 'number' } }) {
  const [typed, setTyped] = useState(value === undefined ? '' : String(value))
  const { min, max } = field
  const range =
    min !== undefined && max !== undefined
      ? `${min} to ${max}`
      : min !== undefined
        ? `${min} or more`
        : max !== undefined && `${max} or less`
  return (
    <TextInput
      label={field.title}
      description={[field.description, range && `${range}.`].filter(Boolean).join(' ') || undefined}
      withAsterisk={field.required}
      error={at(field.path)}
      inputMode={field.whole ? 'numeric' : 'decimal'}
      placeholder={field.hint}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value)
        onChange(typedNumber(event.currentTarget.value))
      }}
    />
  )
}

/** A list, one item a line, or JSON for whatever has no field of its own. */
function TextField({ field, value, onChange, at, onFault }: FieldProps) {
  const isList = field.kind === 'lines'
  const [typed, setTyped] = useState(() => {
    if (value === undefined) return ''
    return isList && Array.isArray(value) ? value.join('\n') : JSON.stringify(value, null, 2)
  })
  const what = isList ? 'One a line.' : 'As JSON.'
  return (
    <Textarea
      label={field.title}
      description={field.description ? `${field.description} ${what}` : what}
      withAsterisk={field.required}
      error={at(field.path)}
      className={style.whole}
      classNames={{ input: style.code ?? '' }}
      spellCheck={false}
      maxRows={16}
      value={typed}
      onChange={(event) => {
        const now = event.currentTarget.value
        setTyped(now)
        if (isList) {
          onChange(typedLines(now, field.required))
          return
        }
        const read = typedJson(now, field)
        onFault(field.path, 'fault' in read ? read.fault : undefined)
        if ('value' in read) onChange(read.value)
      }}
    />
  )
}
