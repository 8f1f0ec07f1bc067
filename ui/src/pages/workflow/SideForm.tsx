import type { StepType } from '../../api/types'
import { Icon } from '../../widgets/Icon'
import { WHOLE } from '../../workflow/common'
import type { Step } from '../../workflow/document'
import style from './Designer.module.css'
import { StepFields } from './StepFields'
import { StepForm } from './StepForm'
import type { Readable } from './useDesigner'

interface Props {
  step: Step | undefined
  shown: Readable
  types: readonly StepType[]
  faults: ReadonlyMap<string, string>
  onClose: () => void
  onRemove: (name: string) => void
  set: (path: readonly string[], value: unknown) => void
  connect: (from: string, to: string) => void
  disconnect: (from: string, to: string) => void
  rename: (step: Step, to: string) => void
}

const STEPS = new Set(['steps', 'finally'])

/** The chosen step as a form; where none is chosen, the whole workflow. */
export function SideForm({ step, shown, types, faults, onClose, onRemove, set, connect, disconnect, rename }: Props) {
  if (step === undefined) {
    return (
      <section className={style.form} aria-label="The workflow">
        <header>
          <h2>The workflow</h2>
          <span className="muted small">Choose a step to change it</span>
        </header>
        <div>
          <StepFields
            schema={WHOLE}
            config={Object.fromEntries(Object.entries(shown.spec).filter(([key]) => !STEPS.has(key)))}
            prefix=""
            onChange={(key, value) => set([key], value)}
            faultAt={(place) => faults.get(place)}
          />
        </div>
      </section>
    )
  }
  return (
    <section className={style.form} aria-label={`Step ${step.name}`}>
      <header>
        <h2 className="clip">{step.name}</h2>
        <span className="row">
          <button type="button" className="plain row" aria-label={`Delete ${step.name}`} title="Delete the step" onClick={() => onRemove(step.name)}>
            <Icon name="trash" size={15} />
          </button>
          <button type="button" className="plain row" aria-label="Close the step" onClick={onClose}>
            <Icon name="x" size={15} />
          </button>
        </span>
      </header>
      <div>
        <StepForm
          step={step}
          steps={shown.steps}
          types={types}
          faults={faults}
          edits={{
            set: (path, value) => set([step.section, step.name, ...path], value),
            rename: (to) => rename(step, to),
            connect: (from) => connect(from, step.name),
            disconnect: (from) => disconnect(from, step.name),
          }}
        />
      </div>
    </section>
  )
}
