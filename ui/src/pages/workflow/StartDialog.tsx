import { useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { api, take } from '../../api/client'
import { problemFrom } from '../../api/refused'
import type { Problem, RunPlan, Workflow } from '../../api/types'
import { useAct } from '../../api/useAct'
import { useRested } from '../../api/useRested'
import { commands } from '../../commands'
import { type Config, fieldsOf } from '../../hub/schema'
import { paths } from '../../paths'
import { Dialog } from '../../widgets/Dialog'
import { Refusal } from '../../widgets/Refusal'
import { say } from '../../widgets/Toasts'
import { objectOf } from '../../words/object'
import { SchemaFields } from '../hub/SchemaFields'
import style from './Designer.module.css'
import { JsonBlock } from './JsonBlock'

interface Props {
  workflow: Workflow
  /** Whether there are words on screen that the saved version does not have. */
  isDirty: boolean
  close: () => void
}

interface Foreseen {
  plan?: RunPlan
  problem?: Problem
}

/** The inputs of a run; what it would do with them stands below while they are typed. */
export function StartDialog({ workflow, isDirty, close }: Props) {
  const navigate = useNavigate()
  const [inputs, setInputs] = useState<Config>({})
  const [broken, setBroken] = useState<string>()
  const { name, version } = workflow
  const fields = useMemo(() => fieldsOf(schemaOf(workflow), {}), [workflow])
  const { answer, isCurrent } = useRested(JSON.stringify([name, version, inputs]), planOf)
  const act = useAct(
    (_: undefined, headers) =>
      take(
        api.POST('/api/v1/workflows/{workflow}/runs', {
          params: { path: { workflow: name } },
          body: { inputs: { ...inputs }, version },
          headers,
        }),
      ),
    (made) => {
      say(`A run of ${name} was started`)
      close()
      void navigate(paths.run(made.id))
    },
  )
  const problem = act.problem ?? (isCurrent ? answer?.problem : undefined)
  return (
    <Dialog
      title={`Start a run of ${name}`}
      submit="Start the run"
      onClose={close}
      onSubmit={() => act.run(undefined)}
      busy={act.busy}
      ready={isCurrent && answer?.plan !== undefined && broken === undefined}
      problem={problem}
      command={commands.startRun(name, inputs)}
    >
      {isDirty && <p className="tone-wait">What you have not saved is not in it: version {version} is run.</p>}
      {fields.length === 0 && <p className="muted">It has no inputs.</p>}
      <SchemaFields
        fields={fields}
        config={inputs}
        onChange={(to) => {
          act.reset()
          setInputs(to)
        }}
        at={() => undefined}
        onFault={(_, fault) => setBroken(fault)}
      />
      {broken !== undefined && <Refusal problem={{ title: broken, code: 'CONSOLE' }} />}
      {answer?.plan !== undefined && (
        <section className="stack near" aria-label="What it would do">
          <h3>What it would do</h3>
          <ol className={style.plan} aria-label="Steps in an order in which they may come">
            {[...answer.plan.steps, ...answer.plan.finally].map((step, at) => (
              <li key={step}>
                <code>{step}</code>
                {at < (answer.plan?.steps.length ?? 0) + (answer.plan?.finally.length ?? 0) - 1 && <span className="muted"> →</span>}
              </li>
            ))}
          </ol>
          <JsonBlock of={answer.plan.inputs} none="Without inputs." />
        </section>
      )}
    </Dialog>
  )
}

function schemaOf({ spec }: Workflow): Config {
  const properties = objectOf(spec['inputs'])
  const required = Object.keys(properties).filter((name) => !('default' in objectOf(properties[name])))
  return { type: 'object', properties, required, additionalProperties: false }
}

async function planOf(question: string, signal: AbortSignal): Promise<Foreseen> {
  const [workflow, version, inputs] = JSON.parse(question) as [string, number, Record<string, unknown>]
  try {
    return {
      plan: await take(
        api.POST('/api/v1/workflows/{workflow}/plan', { params: { path: { workflow } }, body: { inputs, version }, signal }),
      ),
    }
  } catch (error) {
    return { problem: problemFrom(error) }
  }
}
