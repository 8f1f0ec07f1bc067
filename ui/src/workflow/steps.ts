import type { RunStep } from '../api/types'
import type { Look } from '../widgets/State'
import { FOR_A_PERSON, STEP } from './states'
import type { Placed } from './layout'

/** A step of a run, with its items where it is done for many, and how it was taken back. */
export interface StepLine {
  step: RunStep
  items: readonly RunStep[]
  undo: readonly RunStep[]
}

/** The nodes of a run by their steps, in the order in which they came. */
export function linesOf(nodes: readonly RunStep[]): StepLine[] {
  const lines = new Map<string, { step: RunStep; items: RunStep[]; undo: RunStep[] }>()
  for (const node of nodes) {
    const line = lines.get(node.step)
    if (line === undefined) lines.set(node.step, { step: node, items: [], undo: [] })
    else if (node.purpose === 'undo') line.undo.push(node)
    else if (node.item === null) line.step = node
    else line.items.push(node)
  }
  return [...lines.values()]
}

export function lookOfStep(node: RunStep): Look {
  if (node.waitsFor === 'person:') return FOR_A_PERSON
  return STEP[node.state] ?? { tone: 'open', icon: 'help-circle', word: node.state }
}

/** The steps and those of the end, to be laid out. */
export function sectionsOf(lines: readonly StepLine[]): Placed[][] {
  return ['steps', 'finally'].map((section) =>
    lines.filter(({ step }) => step.section === section).map(({ step }) => ({ id: step.step, needs: step.needs })),
  )
}

/** "3 of 5 done" of a step that is done for many; empty for others. */
export function progressOf({ items }: StepLine): string {
  if (items.length === 0) return ''
  const done = items.filter(({ endedAt }) => endedAt !== null).length
  return `${done} of ${items.length} done`
}

const WAITS: Readonly<Record<string, string>> = {
  person: 'a person',
  time: 'a time',
  run: 'the run',
  promotion: 'the promotion',
  deployment: 'the deployment',
}

/** What ends its waiting: what it is, and its name where it has one. */
export function waitsFor(text: string): { what: string; id: string } | undefined {
  if (text === '') return undefined
  const at = text.indexOf(':')
  const kind = at === -1 ? text : text.slice(0, at)
  return { what: WAITS[kind] ?? kind, id: at === -1 ? '' : text.slice(at + 1) }
}

/** The steps that a person has to say something of, those first that this reader may answer. */
export function askedOf(nodes: readonly RunStep[]): RunStep[] {
  const asked = nodes.filter((node) => node.asked !== null)
  return asked.toSorted((a, b) => Number(a.asked?.whyNot !== null) - Number(b.asked?.whyNot !== null))
}
