import { describe, expect, it } from 'vitest'
import { afterEnter, lineCount } from './lines'

describe('lines', () => {
  it('counts an empty text as one', () => {
    expect(lineCount('')).toBe(1)
    expect(lineCount('a\nb\n')).toBe(3)
  })

  it.each([
    ['a: 1', ''],
    ['spec:', '  '],
    ['  rules:', '    '],
    ['  text: |', '    '],
    ['  - name: a', '  '],
  ])('after %j goes on at %j', (line, indent) => {
    const before = `kind: Policy\n${line}`
    expect(afterEnter(`${before}\nlast`, before.length)).toBe(indent)
  })

  it('looks at what stands before the cursor alone', () => {
    expect(afterEnter('  spec: x', 7)).toBe('    ')
  })
})
