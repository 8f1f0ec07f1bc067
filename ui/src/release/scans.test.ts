import { expect, test } from 'vitest'
import type { ReleaseComponent, Scan } from '../api/types'
import { total } from './scans'

const scan = (more: Partial<Scan>): Scan => ({
  id: 'scn_1',
  reference: 'r',
  image: 'sha256:aa',
  platformDigest: 'sha256:bb',
  platform: 'linux/amd64',
  state: 'done',
  at: '2030-01-31T12:00:00Z',
  snapshot: null,
  components: 3,
  counts: { critical: 1, high: 0, medium: 2, low: 0, none: 0, unknown: 0 },
  kev: 1,
  error: null,
  sbom: null,
  findings: null,
  ...more,
})

const component = (scans: Scan[], platforms: number): ReleaseComponent => ({
  name: 'web',
  reference: 'r',
  digest: 'sha256:aa',
  mediaType: 'm',
  platforms: Array.from({ length: platforms }, (_, index) => ({ platform: `p${index}`, digest: `sha256:${index}` })),
  scans,
  tagDrift: null,
})

test('a platform without a finished scan is missing, never counted as without findings', () => {
  const sum = total([
    component([scan({}), scan({ state: 'failed', counts: null, kev: null })], 2),
    component([], 1),
  ])
  expect(sum).toEqual({
    counts: { critical: 1, high: 0, medium: 2, low: 0, none: 0, unknown: 0 },
    kev: 1,
    missing: 2,
  })
})
