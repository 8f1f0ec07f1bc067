// Where the steps of a workflow stand: in rows from top to bottom, each below those it needs.

export interface Placed {
  id: string
  needs: readonly string[]
}

export interface Point {
  x: number
  y: number
}

export const NODE = { width: 196, height: 58 } as const
const GAP = { x: 24, y: 42 } as const
const SWEEPS = 4

/** What needs nothing stands in row 0; each other one below the last of those it needs. Circles and unknown names are passed over. */
export function rowsOf(nodes: readonly Placed[]): Map<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const found = new Map<string, number>()
  const open = new Set<string>()
  const row = (id: string): number => {
    const known = found.get(id)
    if (known !== undefined) return known
    if (open.has(id)) return -1
    open.add(id)
    const needs = byId.get(id)?.needs.filter((one) => byId.has(one)) ?? []
    const at = needs.length === 0 ? 0 : Math.max(...needs.map(row)) + 1
    open.delete(id)
    found.set(id, at)
    return at
  }
  for (const { id } of nodes) row(id)
  return found
}

/**
 * A place for each step, in pixels.
 *
 * sections: those of the end stand below all others. Within a row the steps stand beside those that they need
 * and that need them (the barycentre method, a few sweeps), so that few lines cross. The same in gives the same out.
 */
export function layout(sections: readonly (readonly Placed[])[]): Map<string, Point> {
  const places = new Map<string, Point>()
  let top = 0
  for (const nodes of sections) {
    const rows = sorted(nodes)
    rows.forEach((ids, at) => {
      const left = (-ids.length * (NODE.width + GAP.x) + GAP.x) / 2
      ids.forEach((id, column) => {
        places.set(id, { x: left + column * (NODE.width + GAP.x), y: top + at * (NODE.height + GAP.y) })
      })
    })
    if (rows.length > 0) top += rows.length * (NODE.height + GAP.y) + GAP.y / 2
  }
  return places
}

function sorted(nodes: readonly Placed[]): string[][] {
  const rowOf = rowsOf(nodes)
  const depth = Math.max(-1, ...rowOf.values())
  const rows = Array.from({ length: depth + 1 }, (): string[] => [])
  for (const { id } of nodes) rows[rowOf.get(id) ?? 0]?.push(id)
  const before = new Map(nodes.map(({ id, needs }) => [id, needs.filter((one) => rowOf.has(one))]))
  const after = new Map<string, string[]>(nodes.map(({ id }) => [id, []]))
  for (const [id, needs] of before) for (const one of needs) after.get(one)?.push(id)
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const isForward = sweep % 2 === 0
    const columns = new Map(rows.flatMap((ids) => ids.map((id, at) => [id, at - ids.length / 2] as const)))
    for (const ids of isForward ? rows : rows.toReversed()) arrange(ids, isForward ? before : after, columns)
  }
  return rows
}

/** Order one row by the middle of its neighbours; those without stay where they are. */
function arrange(ids: string[], neighbours: ReadonlyMap<string, readonly string[]>, columns: Map<string, number>) {
  const weight = new Map(
    ids.map((id) => {
      const beside = neighbours.get(id) ?? []
      const sum = beside.reduce((total, one) => total + (columns.get(one) ?? 0), 0)
      return [id, beside.length === 0 ? (columns.get(id) ?? 0) : sum / beside.length]
    }),
  )
  ids.sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0))
  ids.forEach((id, at) => columns.set(id, at - ids.length / 2))
}
