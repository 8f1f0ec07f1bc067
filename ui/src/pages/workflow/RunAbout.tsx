import { Link } from '@tanstack/react-router'
import type { Run } from '../../api/types'
import { paths } from '../../paths'
import { Digest } from '../../widgets/Copy'
import { Pairs, Panel } from '../../widgets/Panel'
import { Time } from '../../widgets/Time'
import { JsonBlock } from './JsonBlock'

/** What the run is about, while no step is looked at. missing: a step that the address names and that is not there. */
export function RunAbout({ run, missing }: { run: Run; missing: string | undefined }) {
  return (
    <>
      {missing !== undefined && (
        <p className="tone-wait">
          It has no step {missing} (yet).
        </p>
      )}
      <Panel title="About the run" label="About the run">
        <Pairs
          of={[
            ['Of version', <Digest key="digest" value={run.digest} label="digest of the workflow" />],
            ...(run.group === '' ? [] : [['In turn with', run.group] as const]),
            ...(run.trigger === ''
              ? []
              : [
                  [
                    'Started by',
                    <Link key="trigger" {...paths.triggers({ trigger: run.trigger })}>
                      the trigger {run.trigger}
                    </Link>,
                  ] as const,
                ]),
            ...(run.again === ''
              ? []
              : [
                  [
                    'Goes on from',
                    <Link key="again" {...paths.run(run.again)}>
                      the run before
                    </Link>,
                  ] as const,
                ]),
            ...(run.isOver ? [] : [['Ends at the latest', <Time key="deadline" at={run.deadlineAt} />] as const]),
            ...(run.code === '' ? [] : [['Code', <code key="code">{run.code}</code>] as const]),
            [
              'Facts',
              <Link key="facts" {...paths.audit({ subject: run.id })}>
                all that was recorded
              </Link>,
            ],
          ]}
        />
      </Panel>
      <Panel title="Inputs">
        <JsonBlock of={run.inputs} none="It has none." />
      </Panel>
      <Panel title="Outputs">
        <JsonBlock of={run.outputs} none={run.isOver ? 'It has none.' : 'They come at the end.'} />
      </Panel>
    </>
  )
}
