import { Textarea } from '@mantine/core'
import { useMemo, useState } from 'react'
import { type Config, type Field, fieldsOf, put, type Schema, valueOf, withValue } from '../../hub/schema'
import { isObject } from '../../words/object'
import { isExpression } from '../../workflow/common'
import { SchemaFields } from '../hub/SchemaFields'
import style from './Designer.module.css'

interface Props {
  schema: Schema
  config: Config
  /** The keys below the step that lead here: "with". */
  prefix: string
  onChange: (key: string, value: unknown) => void
  faultAt: (place: string) => string | undefined
}

/** The fields of a schema; each input takes an expression in the place of a value. Fixed while they are shown. */
export function StepFields({ schema, config, prefix, onChange, faultAt }: Props) {
  const [first] = useState(config)
  const fields = useMemo(() => {
    // An expression has a field of its own, whatever type it stands for.
    const plain = Object.entries(first).filter(([, value]) => !isExpression(value))
    return fieldsOf(schema, Object.fromEntries(plain))
  }, [schema, first])
  return (
    <div className={style.fields}>
      {fields.map((field) => (
        <WithExpression
          key={`${field.path}/${field.key}`}
          field={field}
          config={config}
          takes={prefix === 'with' || field.key === 'forEach'}
          onChange={onChange}
          fault={faultAt(field.path.replace(/^config\.?/, prefix === '' ? '' : `${prefix}.`))}
          faultAt={(path) => faultAt(path.replace(/^config\.?/, prefix === '' ? '' : `${prefix}.`))}
        />
      ))}
    </div>
  )
}

interface OneProps {
  field: Field
  config: Config
  /** Whether the server takes an expression there. */
  takes: boolean
  onChange: (key: string, value: unknown) => void
  fault: string | undefined
  faultAt: (path: string) => string | undefined
}

function WithExpression({ field, config, takes, onChange, fault, faultAt }: OneProps) {
  const value = config[field.key]
  const [asText, setAsText] = useState(isExpression(value))
  const [broken, setBroken] = useState<string>()
  const toggle = !takes || field.kind === 'rest' ? null : (
    <button
      type="button"
      className={style.fx}
      aria-pressed={asText}
      title={asText ? 'As a plain value' : 'As an expression: ${{ ... }}'}
      onClick={() => {
        setAsText(!asText)
        onChange(field.key, undefined)
      }}
    >
      ƒx<span className="hidden"> {field.title} as an expression</span>
    </button>
  )
  if (asText || (field.kind === 'text' && field.key !== 'name')) {
    return (
      <div className={style.field}>
        <Textarea
          label={field.title}
          description={field.description}
          withAsterisk={field.required}
          error={fault}
          autosize
          minRows={1}
          maxRows={14}
          spellCheck={false}
          placeholder={asText ? '${{ inputs.name }}' : undefined}
          classNames={{ input: asText || isExpression(value) || field.key === 'if' ? (style.mono ?? '') : '' }}
          value={typeof value === 'string' ? value : ''}
          onChange={(event) => onChange(field.key, event.currentTarget.value === '' ? undefined : event.currentTarget.value)}
        />
        {field.kind === 'text' ? null : toggle}
      </div>
    )
  }
  if (field.kind === 'group') {
    const inner = isObject(value) ? value : {}
    return (
      <fieldset className={style.group}>
        <legend>{field.title}</legend>
        {toggle}
        {fault !== undefined && <p className="tone-bad small">{fault}</p>}
        {field.fields.map((one) => (
          <WithExpression
            key={one.path}
            field={one}
            config={inner}
            takes={takes}
            onChange={(key, next) => {
              const whole = put(inner, key, next)
              onChange(field.key, Object.keys(whole).length === 0 && !field.required ? undefined : whole)
            }}
            fault={faultAt(one.path)}
            faultAt={faultAt}
          />
        ))}
      </fieldset>
    )
  }
  return (
    <div className={style.field}>
      <SchemaFields
        fields={[field]}
        config={field.kind === 'rest' ? config : put({}, field.key, isExpression(value) && field.kind !== 'number' ? undefined : valueOf(field, config))}
        onChange={(next) => {
          if (field.kind === 'rest') for (const key of keysOf(config, next)) onChange(key, next[key])
          else onChange(field.key, withValue(field, {}, next[field.key])[field.key])
        }}
        at={() => broken ?? fault}
        onFault={(_, words) => setBroken(words)}
      />
      {toggle}
    </div>
  )
}

/** The keys whose value is another one. */
function keysOf(before: Config, after: Config): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  )
}
