import { describe, expect, it } from 'vitest'
import { addStep, connect, disconnect, freeName, lineAt, nameFault, readText, removeStep, renameStep, setAt, SKELETON, stepAt } from './document'

const TEXT = `apiVersion: stella/v1
kind: Workflow
name: ship
spec:
  # what we do on Fridays
  steps:
    open: {uses: ticket, with: {title: "Ship \${{ inputs.what }}"}}   # the change
    ask:
      uses: approval
      needs: [open]
    go:
      uses: deploy
      needs: [open, ask]
      if: steps.ask.state == 'succeeded'
      with:
        ticket: \${{ steps.open.outputs.id }}
  finally:
    tell: {uses: notify}
`

const steps = (text: string) => {
  const read = readText(text)
  return read.kind === 'read' ? Object.fromEntries(read.steps.map(({ name, needs }) => [name, needs])) : read
}

describe('the text of a workflow', () => {
  it('is read with its steps', () => {
    expect(steps(TEXT)).toEqual({ open: [], ask: ['open'], go: ['open', 'ask'], tell: [] })
    expect(readText(TEXT)).toMatchObject({ kind: 'read', name: 'ship' })
  })

  it.each([
    ['a: [', 1],
    ['spec:\n  steps:\n  - a\n   b: c', 3],
    ['just words', 1],
  ])('that cannot be read says where: %j', (text, line) => {
    const read = readText(text)
    expect(read.kind).toBe('unread')
    expect(read.kind === 'unread' && read.line).toBe(line)
  })

  it('keeps comments and order whatever is changed in it', () => {
    const changed = setAt(connect(TEXT, 'steps', 'go', 'ask'), ['steps', 'go', 'timeoutS'], 60)
    expect(changed).toContain('# what we do on Fridays')
    expect(changed).toContain('# the change')
    expect(changed.indexOf('open:')).toBeLessThan(changed.indexOf('ask:'))
    expect(changed).toContain('timeoutS: 60')
  })

  it('gets a step, also where there was none', () => {
    const first = addStep(SKELETON, { section: 'steps', name: 'wait', uses: 'wait', needs: [] })
    const second = addStep(first, { section: 'steps', name: 'wait_2', uses: 'wait', needs: ['wait'] })
    expect(steps(second)).toEqual({ wait: [], wait_2: ['wait'] })
    expect(second).toContain('\n    wait_2:\n')
    const empty = addStep('kind: Workflow\nspec:\n', { section: 'finally', name: 'tell', uses: 'notify', needs: [] })
    expect(steps(empty)).toEqual({ tell: [] })
  })

  it('loses a step, and nothing needs it any more', () => {
    const rest = removeStep(TEXT, { section: 'steps', name: 'open' })
    expect(steps(rest)).toEqual({ ask: [], go: ['ask'], tell: [] })
  })

  it('is connected and disconnected', () => {
    expect(steps(disconnect(TEXT, 'steps', 'open', 'ask'))).toMatchObject({ ask: [] })
    expect(connect(TEXT, 'steps', 'open', 'ask')).toBe(TEXT)
    expect(connect(TEXT, 'steps', 'ask', 'ask')).toBe(TEXT)
    expect(steps(connect(TEXT, 'steps', 'go', 'ask'))).toMatchObject({ ask: ['open', 'go'] })
  })

  it('takes values, numbers written as expressions too, and drops what is empty', () => {
    const put = setAt(TEXT, ['steps', 'ask', 'with', 'seconds'], '${{ inputs.pause }}')
    expect(readText(put)).toMatchObject({ spec: { steps: { ask: { with: { seconds: '${{ inputs.pause }}' } } } } })
    const taken = readText(setAt(put, ['steps', 'ask', 'with', 'seconds'], undefined))
    expect(taken.kind === 'read' && taken.steps.find(({ name }) => name === 'ask')?.held).toEqual({ uses: 'approval', needs: ['open'] })
    expect(setAt(TEXT, ['steps', 'ask', 'timeoutS'], undefined)).toContain('needs: [open]')
  })

  it('renames a step wherever it is named', () => {
    const text = renameStep(TEXT, { section: 'steps', name: 'open' }, 'change')
    expect(steps(text)).toMatchObject({ change: [], ask: ['change'], go: ['change', 'ask'] })
    expect(text).toContain('${{ steps.change.outputs.id }}')
    expect(text).toContain("steps.ask.state == 'succeeded'")
    expect(text).not.toContain('steps.open')
  })

  it('that cannot be read is left alone', () => {
    expect(addStep('a: [', { section: 'steps', name: 'a', uses: 'wait', needs: [] })).toBe('a: [')
  })

  it('has a line for each place', () => {
    expect(lineAt(TEXT, 'steps.go.with.ticket')).toBe(16)
    expect(lineAt(TEXT, 'steps.go.retry.attempts')).toBe(11)
    expect(lineAt(TEXT, 'finally.tell')).toBe(18)
    expect(lineAt(TEXT, '')).toBe(4)
  })

  it('has a step for each place', () => {
    const read = readText(TEXT)
    const all = read.kind === 'read' ? read.steps : []
    expect(stepAt('steps.go.with.ticket', all)?.name).toBe('go')
    expect(stepAt('steps', all)).toBeUndefined()
    expect(stepAt('steps.tell.uses', all)).toBeUndefined()
  })
})

it.each([
  ['wait', [], 'wait'],
  ['wait', ['wait', 'wait_2'], 'wait_3'],
  ['smoke-test', [], 'smoke_test'],
  ['7z', [], 'step_7z'],
])('a step of type %s beside %j is called %s', (uses, taken, name) => {
  expect(freeName(uses, taken)).toBe(name)
  expect(nameFault(name, taken)).toBeUndefined()
})

it('a name is refused where the server would', () => {
  expect(nameFault('Deploy', [])).toBeDefined()
  expect(nameFault('a', ['a'])).toBeDefined()
})
