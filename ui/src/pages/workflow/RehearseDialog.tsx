import { Checkbox } from '@mantine/core'
import { useMemo, useState } from 'react'
import { api, take } from '../../api/client'
import type { Rehearsal, StepType } from '../../api/types'
import { useAct } from '../../api/useAct'
import { type Config as Schema, fieldsOf } from '../../hub/schema'
import { lookOf } from '../../promotion/states'
import { Dialog } from '../../widgets/Dialog'
import { Refusal } from '../../widgets/Refusal'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { objectOf } from '../../words/object'
import { after, mayFail, playedBy, sampleOf, saidBy } from '../../workflow/rehearsal'
import { RUN, STEP } from '../../workflow/states'
import { SchemaFields } from '../hub/SchemaFields'
import type { Readable } from './useDesigner'

interface Props {
  shown: Readable
  types: readonly StepType[]
  close: () => void
}

type Event = Rehearsal['events'][number]

const COLUMNS: readonly Column<Event>[] = [
  { key: 'at', head: 'When', width: '150px', cell: ({ afterS }) => <span className="muted">{after(afterS)}</span> },
  { key: 'step', head: 'Step', cell: ({ key }) => <code>{key}</code> },
  { key: 'state', head: 'State', cell: ({ state }) => <State look={lookOf(STEP, state)} /> },
  { key: 'words', head: 'Why', cell: ({ words }) => <span className="muted two-lines">{words}</span> },
]

/** How a run of what is on screen would go: its steps are played, people say yes, and the clock leaps. */
export function RehearseDialog({ shown, types, close }: Props) {
  const schema = useMemo(() => schemaOf(shown.spec), [shown])
  const fields = useMemo(() => fieldsOf(schema, {}), [schema])
  const [inputs, setInputs] = useState<Schema>(() => sampleOf(schema))
  const [broken, setBroken] = useState<string>()
  const [failing, setFailing] = useState<string[]>([])
  const [found, setFound] = useState<Rehearsal>()
  const act = useAct(
    () =>
      take(
        api.POST('/api/v1/workflows/rehearse', {
          body: {
            spec: { ...shown.spec },
            inputs: { ...inputs },
            steps: playedBy(shown.steps, types, new Set(failing)),
            says: saidBy(shown.steps, new Set(failing)),
          },
        }),
      ),
    setFound,
  )
  return (
    <Dialog
      title="Rehearse it"
      submit={found === undefined ? 'Rehearse' : 'Rehearse again'}
      onClose={close}
      onSubmit={() => act.run(undefined)}
      busy={act.busy}
      ready={broken === undefined}
      problem={act.problem}
    >
      <p className="muted">Nothing is done: steps pass with made-up outputs or fail as you say, people agree, and no time is waited for.</p>
      <SchemaFields fields={fields} config={inputs} onChange={setInputs} at={() => undefined} onFault={(_, fault) => setBroken(fault)} />
      {broken !== undefined && <Refusal problem={{ title: broken, code: 'CONSOLE' }} />}
      <Checkbox.Group label="These fail" value={failing} onChange={setFailing}>
        <div className="row wrap">
          {mayFail(shown.steps).map(({ name }) => (
            <Checkbox key={name} value={name} label={name} size="xs" />
          ))}
        </div>
      </Checkbox.Group>
      {found && <Outcome found={found} />}
    </Dialog>
  )
}

function Outcome({ found }: { found: Rehearsal }) {
  return (
    <section className="stack near" aria-label="How it went">
      <p className="row wrap">
        <State look={lookOf(RUN, found.state)} />
        <span className="muted">{after(found.tookS)}</span>
        {found.message !== '' && <span>{found.message}</span>}
      </p>
      {found.waits.length > 0 && <p className="tone-wait">It waits for somebody: {found.waits.join(', ')}</p>}
      <Table label="What came when" rows={found.events} rowKey={({ key, state, afterS }) => `${key} ${state} ${afterS}`} columns={COLUMNS} />
    </section>
  )
}

function schemaOf(spec: Schema): Schema {
  const properties = objectOf(spec['inputs'])
  const required = Object.keys(properties).filter((name) => !('default' in objectOf(properties[name])))
  return { type: 'object', properties, required, additionalProperties: false }
}
