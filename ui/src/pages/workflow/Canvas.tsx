import '@xyflow/react/dist/style.css'
import {
  Background,
  BackgroundVariant,
  type Connection,
  ControlButton,
  Controls,
  type Edge,
  type EdgeChange,
  type NodeChange,
  Position,
  ReactFlow,
} from '@xyflow/react'
import { type KeyboardEvent, useCallback, useMemo, useRef, useState } from 'react'
import { Icon } from '../../widgets/Icon'
import { layout, NODE, type Placed, type Point } from '../../workflow/layout'
import { neighbour } from '../../workflow/neighbours'
import style from './Canvas.module.css'
import { EdgeBar } from './EdgeBar'
import { type CanvasStep, type FlowStep, StepNode } from './StepNode'

/** What may be changed on it. */
export interface CanvasEdits {
  connect: (from: string, to: string) => void
  disconnect: (from: string, to: string) => void
  remove: (id: string) => void
}

interface Props {
  label: string
  steps: readonly CanvasStep[]
  sections: readonly (readonly Placed[])[]
  selected: string | undefined
  onSelect: (id: string | undefined) => void
  edits?: CanvasEdits
}

const TYPES = { step: StepNode }
const HANDLE_PX = 11
/** Told rather than measured, so that lines are drawn at once and nothing is measured while it is moved. */
const HANDLES = [
  { type: 'target' as const, position: Position.Top, x: (NODE.width - HANDLE_PX) / 2, y: -HANDLE_PX / 2, width: HANDLE_PX, height: HANDLE_PX },
  { type: 'source' as const, position: Position.Bottom, x: (NODE.width - HANDLE_PX) / 2, y: NODE.height - HANDLE_PX / 2, width: HANDLE_PX, height: HANDLE_PX },
]
const FIT = { padding: 0.12, maxZoom: 1 }
const none: ReadonlyMap<string, Point> = new Map()

/**
 * The steps of a workflow and their needs, laid out from top to bottom.
 *
 * Only what can be seen is drawn. Moving a step by hand is for the eye alone and lasts until the page is left;
 * nothing is laid out anew meanwhile. Arrow keys walk, Delete takes a step or a line away.
 */
export function Canvas({ label, steps, sections, selected, onSelect, edits }: Props) {
  const [moved, setMoved] = useState(none)
  const [edge, setEdge] = useState<string>()
  const wrapper = useRef<HTMLDivElement>(null)
  const shape = JSON.stringify(sections)
  // By its text: whoever draws this makes new lists all the time, of the same steps.
  const places = useMemo(() => layout(JSON.parse(shape) as Placed[][]), [shape])
  const base = useMemo(
    () => steps.map((step) => flowStep(step, places.get(step.id), step.id === selected, onSelect)),
    [steps, places, selected, onSelect],
  )
  const nodes = useMemo(
    () => base.map((node) => (moved.has(node.id) ? { ...node, position: moved.get(node.id) ?? node.position } : node)),
    [base, moved],
  )
  const edges = useMemo(() => linesOf(JSON.parse(shape) as Placed[][], edge), [shape, edge])
  const onNodesChange = useCallback((changes: NodeChange<FlowStep>[]) => {
    const there = changes.flatMap((one) => (one.type === 'position' && one.position ? [[one.id, one.position] as const] : []))
    if (there.length > 0) setMoved((now) => new Map([...now, ...there]))
  }, [])
  const onEdgesChange = useCallback((changes: EdgeChange[]) => {
    for (const one of changes) if (one.type === 'select') setEdge((now) => (one.selected ? one.id : now === one.id ? undefined : now))
  }, [])
  const cut = () => {
    const [from, to] = endsOf(edge)
    if (from !== undefined && to !== undefined) edits?.disconnect(from, to)
    setEdge(undefined)
  }
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.key === 'Escape') {
      onSelect(undefined)
      setEdge(undefined)
    } else if (edits !== undefined && (event.key === 'Delete' || event.key === 'Backspace')) {
      event.preventDefault()
      if (edge !== undefined) cut()
      else if (selected !== undefined) edits.remove(selected)
    } else {
      const at = event.target instanceof HTMLElement ? event.target.dataset['step'] : undefined
      const next = at === undefined ? undefined : neighbour(event.key, at, sections.flat(), places)
      if (next === undefined) return
      event.preventDefault()
      onSelect(next)
      wrapper.current?.querySelector<HTMLElement>(`[data-step="${CSS.escape(next)}"]`)?.focus()
    }
  }
  return (
    // The keys are those of the steps and lines within.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <section ref={wrapper} className={`${style.canvas} ${edits ? '' : style.fixed}`} aria-label={label} onKeyDown={onKeyDown}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={TYPES}
        onNodesChange={onNodesChange}
        onEdgesChange={onEdgesChange}
        onConnect={({ source, target }: Connection) => edits?.connect(source, target)}
        isValidConnection={({ source, target }) => source !== target}
        onPaneClick={() => onSelect(undefined)}
        nodesFocusable={false}
        nodesConnectable={edits !== undefined}
        edgesFocusable={edits !== undefined}
        elementsSelectable={edits !== undefined}
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        onlyRenderVisibleElements
        minZoom={0.08}
        maxZoom={1.6}
        fitView
        fitViewOptions={FIT}
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={1} />
        <Controls showInteractive={false} fitViewOptions={FIT}>
          {moved.size > 0 && (
            <ControlButton aria-label="Arrange anew" title="Arrange anew" onClick={() => setMoved(none)}>
              <Icon name="sitemap" size={14} />
            </ControlButton>
          )}
        </Controls>
      </ReactFlow>
      {edits !== undefined && edge !== undefined && <EdgeBar key={edge} ends={endsOf(edge)} onCut={cut} onClose={() => setEdge(undefined)} />}
    </section>
  )
}

function flowStep(step: CanvasStep, place: Point | undefined, isSelected: boolean, onSelect: (id: string) => void): FlowStep {
  return {
    id: step.id,
    type: 'step',
    position: place ?? { x: 0, y: 0 },
    data: { step, isSelected, onSelect },
    width: NODE.width,
    height: NODE.height,
    measured: NODE,
    handles: HANDLES,
    selectable: false,
    focusable: false,
  }
}

const idOf = (from: string, to: string) => `${from} ${to}`
const endsOf = (id: string | undefined): (string | undefined)[] => id?.split(' ') ?? []

function linesOf(sections: readonly (readonly Placed[])[], chosen: string | undefined): Edge[] {
  return sections.flatMap((nodes) => {
    const there = new Set(nodes.map(({ id }) => id))
    return nodes.flatMap(({ id, needs }) =>
      [...new Set(needs)]
        .filter((one) => there.has(one))
        .map((one) => ({
          id: idOf(one, id),
          source: one,
          target: id,
          selected: idOf(one, id) === chosen,
          ariaLabel: `${id} needs ${one}`,
          interactionWidth: 16,
        })),
    )
  })
}
