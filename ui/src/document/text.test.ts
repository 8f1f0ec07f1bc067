import { describe, expect, it } from 'vitest'
import { basisOf, lineOf, namedIn, NEW_KINDS, skeleton } from './text'

describe('a document as text', () => {
  it.each([
    ['kind: Policy\nname: shop # ours\nspec:\n  name: not this', { kind: 'Policy', name: 'shop' }],
    ['name: "a b"\nkind: \'Freeze\'', { kind: 'Freeze', name: 'a b' }],
    ['spec: {}', { kind: '', name: '' }],
    ['kind: Policy\nname:\nspec: {}', { kind: 'Policy', name: '' }],
  ])('is named by its own lines: %j', (text, named) => {
    expect(namedIn(text)).toEqual(named)
  })

  it('begins with its kind and no name', () => {
    for (const kind of NEW_KINDS) expect(namedIn(skeleton(kind))).toEqual({ kind, name: '' })
    expect(namedIn(skeleton('Target')).kind).toBe('Target')
  })

  it('is applied on what was read, or where nothing is', () => {
    const read = { kind: 'Policy', name: 'shop', digest: 'sha256:a' }
    expect(basisOf('kind: Policy\nname: other', read)).toEqual({ 'Policy/shop': 'sha256:a' })
    expect(basisOf('kind: Policy\nname: other', undefined)).toEqual({ 'Policy/other': '' })
    expect(basisOf('kind: Policy', undefined)).toEqual({})
  })

  it('has a wrong line where the refusal names one', () => {
    const problem = { type: '', title: '', status: 422, code: 'ST-ENV-002', remedy: { advice: '' }, facts: { line: 3 } }
    expect(lineOf(problem)).toBe(3)
    expect(lineOf({ ...problem, facts: {} })).toBeUndefined()
    expect(lineOf(undefined)).toBeUndefined()
  })
})
