import { expect, test } from 'vitest'
import { findingTitle } from './reasons'

test('a finding is called by the name that most people know', () => {
  const of = { component: 'urllib3', version: '1.26.4', id: 'PYSEC-2021-108' }
  expect(findingTitle({ ...of, aliases: ['GHSA-q2q7', 'CVE-2021-33503'] })).toBe('urllib3 1.26.4: CVE-2021-33503')
  expect(findingTitle(of)).toBe('urllib3 1.26.4: PYSEC-2021-108')
  expect(findingTitle({ id: 'CVE-2021-1' })).toBeUndefined()
})
