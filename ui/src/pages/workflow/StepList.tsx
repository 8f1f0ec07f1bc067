import { useState } from 'react'
import type { RunStep } from '../../api/types'
import { Icon } from '../../widgets/Icon'
import { Panel } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { lookOfStep, progressOf, type StepLine } from '../../workflow/steps'
import style from './Run.module.css'

interface Props {
  lines: readonly StepLine[]
  selected: string | undefined
  onSelect: (key: string) => void
}

/** The steps in the order of the document; items of one step fold away. `j` and `k` walk. */
export function StepList({ lines, selected, onSelect }: Props) {
  const end = lines.findIndex(({ step }) => step.section === 'finally')
  return (
    <Panel title="Steps" label="Steps" flush>
      <ol className={style.list} aria-label="Steps">
        {lines.map((line, at) => (
          <li key={line.step.step}>
            {at === end && <p className={style.section}>At the end, however it went</p>}
            <Line node={line.step} selected={selected} onSelect={onSelect} note={progressOf(line)} />
            {line.items.length > 0 && <Items line={line} selected={selected} onSelect={onSelect} />}
            {line.undo.map((node) => (
              <Line key={node.key} node={node} selected={selected} onSelect={onSelect} isItem />
            ))}
          </li>
        ))}
      </ol>
    </Panel>
  )
}

function Items({ line, selected, onSelect }: { line: StepLine } & Omit<Props, 'lines'>) {
  const [open, setOpen] = useState(() => line.items.some(({ key }) => key === selected))
  return (
    <>
      <button type="button" className={style.fold} aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name={open ? 'chevron-down' : 'chevron-right'} size={13} />
        {open ? 'Fold' : 'Show'} its {line.items.length} items
      </button>
      {open && (
        <ul aria-label={`Items of ${line.step.step}`}>
          {line.items.map((node) => (
            <li key={node.key}>
              <Line node={node} selected={selected} onSelect={onSelect} note={shortValue(node.itemValue)} isItem />
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

interface LineProps {
  node: RunStep
  selected: string | undefined
  onSelect: (key: string) => void
  note?: string
  isItem?: boolean
}

function Line({ node, selected, onSelect, note = '', isItem = false }: LineProps) {
  return (
    <button
      type="button"
      data-row
      className={`${style.line} ${isItem ? style.item : ''}`}
      aria-current={node.key === selected ? 'step' : undefined}
      onClick={() => onSelect(node.key)}
    >
      <span className="row between">
        <span className={isItem ? 'clip' : 'strong clip'}>{node.key}</span>
        {note !== '' && <span className="muted small clip">{note}</span>}
      </span>
      <span className="small">
        <State look={lookOfStep(node)} />
      </span>
    </button>
  )
}

function shortValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 40 ? `${text.slice(0, 39)}…` : text
}
