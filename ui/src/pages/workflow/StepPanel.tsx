import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Run, RunStep } from '../../api/types'
import { paths } from '../../paths'
import { CopyButton } from '../../widgets/Copy'
import { Icon } from '../../widgets/Icon'
import { Pairs, Panel } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { Time, useNow } from '../../widgets/Time'
import { took } from '../../words/time'
import { lookOfStep, type StepLine, waitsFor } from '../../workflow/steps'
import { AskedPanel } from './AskedPanel'
import { JsonBlock } from './JsonBlock'
import style from './Run.module.css'
import { FromHere } from './RunActions'

interface Props {
  run: Run
  node: RunStep
  line: StepLine | undefined
  onSelect: (key: string | undefined) => void
}

/** All that is known of one step of a run, and what may be said of it. */
export function StepPanel({ run, node, line, onSelect }: Props) {
  const isGroup = line?.step === node && line.items.length > 0
  return (
    <>
      {node.asked !== null && <AskedPanel run={run} node={node} asked={node.asked} />}
      <Panel
        label={`Step ${node.key}`}
        title={<span className="clip">{node.key}</span>}
        side={
          <>
            <CopyButton text={globalThis.location.href} what="the link to this step" />
            <button type="button" className="plain row" aria-label="Close the step" onClick={() => onSelect(undefined)}>
              <Icon name="x" size={15} />
            </button>
          </>
        }
      >
        <div className="stack near">
          <div>
            <State look={lookOfStep(node)} pill />
          </div>
          {node.summary !== '' && <p className={style.message}>{node.summary}</p>}
          {node.message !== '' && node.asked === null && (
            <p className={`${style.message} tone-bad`}>
              {node.message} {node.code !== '' && <code className="muted">{node.code}</code>}
            </p>
          )}
          <Pairs of={pairsOf(node, run)} />
          {run.isOver && node.purpose === 'run' && node.section === 'steps' && <FromHere run={run} step={node.step} />}
        </div>
      </Panel>
      {isGroup ? (
        <Panel title="Its items" flush>
          <ul className={style.list} aria-label="Its items">
            {line.items.map((item) => (
              <li key={item.key}>
                <button type="button" className={style.line} onClick={() => onSelect(item.key)}>
                  <span className="row between">
                    <span className="clip">{item.key}</span>
                    <State look={lookOfStep(item)} />
                  </span>
                  {item.message !== '' && <span className="muted small two-lines">{item.message}</span>}
                </button>
              </li>
            ))}
          </ul>
        </Panel>
      ) : (
        <Panel title="Inputs">
          <JsonBlock of={node.inputs} none="Known once its turn has come." />
        </Panel>
      )}
      <Panel title="Outputs">
        <JsonBlock of={node.outputs} none={node.endedAt === null ? 'They come at its end.' : 'It has none.'} />
      </Panel>
    </>
  )
}

function pairsOf(node: RunStep, run: Run): (readonly [string, ReactNode])[] {
  const waits = waitsFor(node.waitsFor)
  return [
    ['Type', <code key="type">{node.uses}</code>],
    ...(node.item === null ? [] : [['Item', <code key="item">{JSON.stringify(node.itemValue)}</code>] as const]),
    ...(node.needs.length === 0 ? [] : [['Needs', node.needs.join(', ')] as const]),
    ...(waits === undefined ? [] : [['Waits for', <WaitsFor key="waits" {...waits} />] as const]),
    ...(node.attempts === 0 ? [] : [['Attempts', node.attempts] as const]),
    ...(node.startedAt === null ? [] : [['Began', <Time key="began" at={node.startedAt} />] as const]),
    ...(node.startedAt === null ? [] : [['Took', <Took key="took" start={node.startedAt} end={node.endedAt ?? run.endedAt} />] as const]),
    ...(node.lookAt === null || node.endedAt !== null ? [] : [['Looked at again', <Time key="look" at={node.lookAt} />] as const]),
    ...(node.deadlineAt === null || node.endedAt !== null ? [] : [['Ends at the latest', <Time key="end" at={node.deadlineAt} />] as const]),
  ]
}

function Took({ start, end }: { start: string; end: string | null }) {
  return <>{took(start, end, useNow())}</>
}

function WaitsFor({ what, id }: { what: string; id: string }) {
  if (id.startsWith('prm_')) return <Link {...paths.promotion(id)}>{what}</Link>
  if (id.startsWith('dep_')) return <Link {...paths.deployment(id)}>{what}</Link>
  if (id.startsWith('run_')) return <Link {...paths.run(id)}>{what}</Link>
  if (/^\d{4}-/.test(id)) return <Time at={id} />
  return <>{id === '' ? what : `${what} ${id}`}</>
}
