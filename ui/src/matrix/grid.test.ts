import { describe, expect, test } from 'vitest'
import type { Cell, Matrix } from '../api/types'
import { differs, gridOf, troubles } from './grid'

const cell = (environment: string, component: string, more: Partial<Cell> = {}): Cell => ({
  environment,
  component,
  release: { id: 'rel_1', name: 'shop', version: '1.0.0', releaseDigest: 'sha256:00' },
  digest: 'sha256:aa',
  deployment: 'dep_1',
  at: '2030-01-31T12:00:00Z',
  health: 'healthy',
  drift: 'none',
  running: 1,
  detail: '',
  blocked: null,
  inProgress: null,
  ...more,
})

const MATRIX: Matrix = {
  environments: [
    { name: 'prod', order: 2, frozen: false, held: false, standing: null },
    { name: 'dev', order: 0, frozen: false, held: false, standing: null },
  ],
  components: ['worker', 'web'],
  cells: [
    cell('dev', 'web', { digest: 'sha256:bb', blocked: 'prm_1' }),
    cell('dev', 'worker', { drift: 'drifted', blocked: 'prm_1' }),
    cell('prod', 'web', { health: 'unhealthy' }),
  ],
  pending: {},
  revision: 1,
}

describe('the matrix', () => {
  test('puts environments in their order and components by name', () => {
    const grid = gridOf(MATRIX, '')
    expect(grid.environments.map(({ name }) => name)).toEqual(['dev', 'prod'])
    expect(grid.components).toEqual(['web', 'worker'])
    expect(grid.cell('prod', 'worker')).toBeUndefined()
  })

  test.each([
    ['WORK', ['worker']],
    ['sha256:bb', ['web']],
    ['1.0.0', ['web', 'worker']],
    ['nothing', []],
  ])('filtered by %s keeps the rows that have it', (search, components) => {
    expect(gridOf(MATRIX, search).components).toEqual(components)
  })

  test('compares bytes: what is absent on one side differs', () => {
    const grid = gridOf(MATRIX, '')
    expect(differs(grid, 'web', 'dev', 'prod')).toBe(true)
    expect(differs(grid, 'worker', 'dev', 'prod')).toBe(true)
    expect(differs(grid, 'web', 'dev', 'dev')).toBe(false)
  })

  test('counts one blocked promotion once, however many cells it has', () => {
    expect(troubles(MATRIX)).toEqual({ unhealthy: 1, drifted: 1, blocked: 1, moving: 0 })
  })
})
