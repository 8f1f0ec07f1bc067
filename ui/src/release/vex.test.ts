import { expect, test } from 'vitest'
import { isReasoned, STATUSES } from './vex'

const said = (status: string, justification = '', impact = '') => ({
  vulnerability: 'CVE-2026-1',
  products: ['sha256:00'],
  subcomponents: [],
  aliases: [],
  status,
  justification,
  impact,
  action: '',
  notes: '',
  expires: '',
})

test('only what is not affected needs a reason, in words or by name', () => {
  expect(STATUSES.filter((status) => !isReasoned(said(status)))).toEqual(['not_affected'])
  expect(isReasoned(said('not_affected', 'component_not_present'))).toBe(true)
  expect(isReasoned(said('not_affected', '', 'never called'))).toBe(true)
  expect(isReasoned(said('not_affected', '', ' '))).toBe(false)
})
