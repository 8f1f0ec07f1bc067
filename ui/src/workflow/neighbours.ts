import type { Placed, Point } from './layout'

type Way = 'left' | 'right' | 'up' | 'down'

const KEYS: Readonly<Record<string, Way>> = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' }

/**
 * The step that an arrow key leads to: down to one that needs it, up to one that it needs, left and right within
 * its row; where there is none, the nearest in that direction. Undefined where nothing lies there.
 */
export function neighbour(
  key: string,
  from: string,
  nodes: readonly Placed[],
  places: ReadonlyMap<string, Point>,
): string | undefined {
  const way = KEYS[key]
  const here = places.get(from)
  if (way === undefined || here === undefined) return undefined
  const tied = tiedTo(way, from, nodes)
  const pool = tied.length > 0 ? tied : nodes.map(({ id }) => id)
  const near = pool.flatMap((id) => {
    const place = places.get(id)
    if (id === from || place === undefined || !lies(way, here, place)) return []
    return [{ id, far: distance(way, here, place) }]
  })
  return near.toSorted((a, b) => a.far - b.far)[0]?.id
}

function tiedTo(way: Way, from: string, nodes: readonly Placed[]): readonly string[] {
  if (way === 'up') return nodes.find(({ id }) => id === from)?.needs ?? []
  return way === 'down' ? nodes.filter(({ needs }) => needs.includes(from)).map(({ id }) => id) : []
}

function lies(way: Way, here: Point, there: Point): boolean {
  if (way === 'up') return there.y < here.y
  if (way === 'down') return there.y > here.y
  return there.y === here.y && (way === 'left' ? there.x < here.x : there.x > here.x)
}

function distance(way: Way, here: Point, there: Point): number {
  const across = Math.abs(there.x - here.x)
  const down = Math.abs(there.y - here.y)
  return way === 'up' || way === 'down' ? down * 10 + across : across
}
