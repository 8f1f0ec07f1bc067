import { NativeSelect, TextInput } from '@mantine/core'
import { useMemo, useState } from 'react'
import type { StepType } from '../../api/types'
import { Icon } from '../../widgets/Icon'
import { objectOf } from '../../words/object'
import { commonSchema } from '../../workflow/common'
import { nameFault, type Step } from '../../workflow/document'
import style from './Designer.module.css'
import { StepFields } from './StepFields'

export interface StepEdits {
  set: (path: readonly string[], value: unknown) => void
  rename: (to: string) => void
  connect: (from: string) => void
  disconnect: (from: string) => void
}

interface Props {
  step: Step
  steps: readonly Step[]
  types: readonly StepType[]
  faults: ReadonlyMap<string, string>
  edits: StepEdits
}

const ELSEWHERE = new Set(['uses', 'with', 'needs'])
const NO_SCHEMA = {}

/** All of one step: what it does and with what, what it needs, and when and how often. */
export function StepForm({ step, steps, types, faults, edits }: Props) {
  const type = types.find(({ name }) => name === step.uses)
  const common = useMemo(() => commonSchema(type), [type])
  const faultAt = (place: string) => faults.get(`${step.section}.${step.name}${place === '' ? '' : `.${place.replace(/\.$/, '')}`}`)
  return (
    <div className="stack">
      <NameField step={step} steps={steps} onRename={edits.rename} />
      <NativeSelect
        label="Type"
        description={type?.description}
        error={faultAt('uses')}
        value={step.uses}
        onChange={(event) => edits.set(['uses'], event.currentTarget.value)}
        data={[
          ...(type === undefined ? [{ value: step.uses, label: `${step.uses} (there is no such type)` }] : []),
          ...types.map(({ name, title }) => ({ value: name, label: title === name ? name : `${title} (${name})` })),
        ]}
      />
      <Needs step={step} steps={steps} edits={edits} fault={faultAt('needs')} />
      <section className="stack near" aria-label="Inputs of the step">
        <h3>What goes in</h3>
        {faultAt('with') !== undefined && <p className="tone-bad small">{faultAt('with')}</p>}
        <StepFields
          key={step.uses}
          schema={type?.inputSchema ?? NO_SCHEMA}
          config={objectOf(step.held['with'])}
          prefix="with"
          onChange={(key, value) => edits.set(['with', key], value)}
          faultAt={faultAt}
        />
      </section>
      <section className="stack near" aria-label="When and how often">
        <h3>When, how often, and where it fails</h3>
        <StepFields
          key={`${step.uses} common`}
          schema={common}
          config={Object.fromEntries(Object.entries(step.held).filter(([key]) => !ELSEWHERE.has(key)))}
          prefix=""
          onChange={(key, value) => edits.set([key], value)}
          faultAt={faultAt}
        />
      </section>
    </div>
  )
}

function NameField({ step, steps, onRename }: Pick<Props, 'step' | 'steps'> & { onRename: (to: string) => void }) {
  const [name, setName] = useState(step.name)
  const taken = steps.map((one) => one.name).filter((one) => one !== step.name)
  const fault = nameFault(name, taken)
  const take = () => {
    if (fault === undefined && name !== step.name) onRename(name)
  }
  return (
    <TextInput
      label="Name"
      description="Whatever names it goes along."
      error={fault}
      value={name}
      onChange={(event) => setName(event.currentTarget.value)}
      onBlur={take}
      onKeyDown={(event) => {
        if (event.key === 'Enter') take()
      }}
    />
  )
}

function Needs({ step, steps, edits, fault }: Pick<Props, 'step' | 'steps' | 'edits'> & { fault: string | undefined }) {
  const possible = steps.filter(({ section, name }) => section === step.section && name !== step.name && !step.needs.includes(name))
  return (
    <div className="stack tight">
      <NativeSelect
        label="Needs"
        description="Steps that end before it comes."
        error={fault}
        value=""
        disabled={possible.length === 0}
        onChange={(event) => edits.connect(event.currentTarget.value)}
        data={[{ value: '', label: 'Add one' }, ...possible.map(({ name }) => name)]}
      />
      {step.needs.length > 0 && (
        <ul className="row wrap" aria-label="Needs">
          {step.needs.map((name) => (
            <li key={name}>
              <button type="button" className={style.pill} onClick={() => edits.disconnect(name)}>
                {name}
                <Icon name="x" size={12} />
                <span className="hidden">needed no more</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
