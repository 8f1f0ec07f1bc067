import type { StepType, WorkflowFault } from '../../api/types'
import type { Step } from '../../workflow/document'
import type { Placed } from '../../workflow/layout'
import type { CanvasStep } from './StepNode'

/** The steps of a document as the canvas shows them. */
export function canvasSteps(steps: readonly Step[], types: readonly StepType[], faults: readonly WorkflowFault[]): CanvasStep[] {
  const titles = new Map(types.map(({ name, title }) => [name, title]))
  return steps.map((step) => {
    const own = `${step.section}.${step.name}`
    return {
      id: step.name,
      sub: titles.get(step.uses) ?? (step.uses === '' ? 'no type' : step.uses),
      isEnd: step.section === 'finally',
      note: noteOf(step),
      faults: faults.filter(({ place }) => place === own || place.startsWith(`${own}.`)).length,
    }
  })
}

function noteOf({ held }: Step): string {
  const words = [
    held['forEach'] !== undefined || held['matrix'] !== undefined ? 'for each' : '',
    held['when'] === 'failure' ? 'on failure' : held['when'] === 'always' ? 'always' : '',
    held['if'] === undefined ? '' : 'if',
  ]
  return words.filter(Boolean).join(', ')
}

export function sectionsOf(steps: readonly Step[]): Placed[][] {
  return ['steps', 'finally'].map((section) =>
    steps.filter((step) => step.section === section).map(({ name, needs }) => ({ id: name, needs: [...needs] })),
  )
}

/** All that is wrong at one place in one text. */
export function faultsByPlace(faults: readonly WorkflowFault[]): Map<string, string> {
  const found = new Map<string, string>()
  for (const { place, words } of faults) {
    const before = found.get(place)
    found.set(place, before === undefined ? words : `${before}; ${words}`)
  }
  return found
}
