import { Handle, type Node, type NodeProps, Position } from '@xyflow/react'
import { memo } from 'react'
import { Icon } from '../../widgets/Icon'
import { type Look, State } from '../../widgets/State'
import style from './Canvas.module.css'

/** A step as the canvas shows it. */
export interface CanvasStep {
  id: string
  /** What kind of step it is. */
  sub: string
  isEnd: boolean
  /** How it stands in a run. */
  look?: Look | undefined
  /** More of it, short: "3 of 5 done". */
  note?: string | undefined
  /** How many things are wrong with it. */
  faults?: number | undefined
}

export type StepNodeData = { step: CanvasStep; isSelected: boolean; onSelect: (id: string) => void }
export type FlowStep = Node<StepNodeData, 'step'>

/** One step: its name, its kind, its state by sign, word and colour. Drawn anew only where its own data changed. */
export const StepNode = memo(function StepNode({ data: { step, isSelected, onSelect } }: NodeProps<FlowStep>) {
  const band = step.look === undefined ? '' : (style[`band-${step.look.tone}`] ?? '')
  return (
    <>
      <Handle type="target" position={Position.Top} />
      <button
        type="button"
        className={`${style.node} ${band}`}
        aria-pressed={isSelected}
        data-step={step.id}
        data-end={step.isEnd || undefined}
        data-faults={step.faults || undefined}
        onClick={() => onSelect(step.id)}
      >
        <span className={style.title}>{step.id}</span>
        <span className={style.sub}>
          {step.look === undefined ? <span className="muted clip">{step.sub}</span> : <State look={step.look} />}
          {step.note !== undefined && step.note !== '' && <span className="muted clip">{step.note}</span>}
          {step.faults !== undefined && step.faults > 0 && (
            <span className="row nowrap tone-bad strong" style={{ gap: 4 }}>
              <Icon name="alert-triangle" size={13} />
              {step.faults}
            </span>
          )}
        </span>
      </button>
      <Handle type="source" position={Position.Bottom} />
    </>
  )
})
