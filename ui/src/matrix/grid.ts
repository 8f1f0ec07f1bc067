import type { Cell, Matrix } from '../api/types'

export interface Grid {
  environments: Matrix['environments']
  components: string[]
  cell: (environment: string, component: string) => Cell | undefined
  /** The promotion that is on its way into the environment. */
  pending: (environment: string) => string | undefined
}

const keyOf = (environment: string, component: string) => `${environment}\u0000${component}`

/**
 * The matrix as rows and columns: environments in their order, components by name.
 *
 * `search` keeps the components whose name, version or digest in any environment holds it.
 */
export function gridOf(matrix: Matrix, search: string): Grid {
  const cells = new Map(matrix.cells.map((cell) => [keyOf(cell.environment, cell.component), cell]))
  const wanted = search.trim().toLowerCase()
  const holds = (component: string) =>
    component.toLowerCase().includes(wanted) ||
    matrix.environments.some(({ name }) => {
      const cell = cells.get(keyOf(name, component))
      return cell !== undefined && `${cell.release.name} ${cell.release.version} ${cell.digest}`.includes(wanted)
    })
  return {
    environments: matrix.environments.toSorted((a, b) => a.order - b.order || a.name.localeCompare(b.name)),
    components: matrix.components.filter((name) => wanted === '' || holds(name)).toSorted(),
    cell: (environment, component) => cells.get(keyOf(environment, component)),
    pending: (environment) => matrix.pending[environment],
  }
}

/** Whether two environments run different bytes of a component: absent differs from anything. */
export function differs(grid: Grid, component: string, left: string, right: string): boolean {
  return grid.cell(left, component)?.digest !== grid.cell(right, component)?.digest
}

/** How many cells are in which trouble, and how many promotions are on their way. */
export function troubles(matrix: Matrix): { unhealthy: number; drifted: number; blocked: number; moving: number } {
  const having = (test: (cell: Cell) => boolean) => matrix.cells.filter(test).length
  const distinct = (of: (cell: Cell) => string | null) => new Set(matrix.cells.map(of).filter(Boolean)).size
  return {
    unhealthy: having((cell) => cell.health === 'unhealthy'),
    drifted: having((cell) => cell.drift === 'drifted'),
    blocked: distinct((cell) => cell.blocked),
    moving: Object.keys(matrix.pending).length,
  }
}
