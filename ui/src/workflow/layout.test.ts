import { describe, expect, it } from 'vitest'
import { rowsOf, layout, NODE, type Placed } from './layout'

const step = (id: string, ...needs: string[]): Placed => ({ id, needs })

describe('the layout of a workflow', () => {
  it('puts each step below the last of those that it needs', () => {
    const rows = rowsOf([step('d', 'b', 'c'), step('a'), step('b', 'a'), step('c', 'b')])
    expect(Object.fromEntries(rows)).toEqual({ a: 0, b: 1, c: 2, d: 3 })
  })

  it('passes over what is not there, and over circles', () => {
    const places = layout([[step('a', 'b', 'gone'), step('b', 'a')]])
    expect(places.size).toBe(2)
    for (const { x, y } of places.values()) expect(Number.isFinite(x + y)).toBe(true)
  })

  it('puts steps beside those they belong to, so that their lines do not cross', () => {
    const places = layout([[step('a'), step('b'), step('to_b', 'b'), step('to_a', 'a')]])
    const x = (id: string) => places.get(id)?.x ?? Number.NaN
    expect(x('a') < x('b')).toBe(x('to_a') < x('to_b'))
  })

  it('lets no two steps cover each other, and gives the same each time', () => {
    const nodes = Array.from({ length: 300 }, (_, at) =>
      step(`s${at}`, ...(at < 10 ? [] : [`s${at - 10}`, `s${(at * 7) % at}`])),
    )
    const places = layout([nodes])
    const all = [...places.values()]
    const cells = new Set(all.map(({ x, y }) => `${x}/${y}`))
    expect(cells.size).toBe(300)
    for (const { x, y } of all) {
      const covers = all.filter((other) => Math.abs(other.x - x) < NODE.width && Math.abs(other.y - y) < NODE.height)
      expect(covers).toHaveLength(1)
    }
    expect(layout([nodes])).toEqual(places)
  })

  it('puts the end below everything', () => {
    const places = layout([[step('a'), step('b', 'a')], [step('tell')]])
    expect(places.get('tell')?.y).toBeGreaterThan(places.get('b')?.y ?? Number.NaN)
  })

  it('is quick enough for 300 steps', () => {
    const nodes = Array.from({ length: 300 }, (_, at) => step(`s${at}`, ...(at === 0 ? [] : [`s${Math.floor(at / 2)}`])))
    const started = performance.now()
    layout([nodes])
    expect(performance.now() - started).toBeLessThan(200)
  })
})
