import { describe, expect, test } from 'vitest'
import { absolute, clock, relative, span, took } from './time'

const NOW = Date.parse('2030-01-31T12:00:00Z')
const before = (seconds: number) => new Date(NOW - seconds * 1000).toISOString()

describe('how moments read', () => {
  test.each([
    [0, 'just now'],
    [9, 'just now'],
    [-15, 'just now'],
    [42, '42 s ago'],
    [61, '1 min ago'],
    [3 * 3600 + 59, '3 h ago'],
    [26 * 3600, '1 d ago'],
    [90 * 86_400, '3 mo ago'],
    [800 * 86_400, '2 y ago'],
    [-90, 'in 1 min'],
  ])('%i seconds before now reads as %s', (seconds, text) => {
    expect(relative(before(seconds), NOW)).toBe(text)
  })

  test('an exact moment names its zone', () => {
    expect(absolute('2030-01-31T14:05:09.123456Z', 'utc')).toBe('2030-01-31 14:05:09 UTC')
    expect(absolute('2030-01-31T14:05:09Z', 'local')).toMatch(/^2030-0\d-\d\d \d\d:\d\d:\d\d UTC/)
    expect(clock('2030-01-31T14:05:09Z', 'utc')).toBe('14:05:09')
  })

  test('what is no moment is shown as it came', () => {
    expect(absolute('soon', 'utc')).toBe('soon')
  })

  test('what is not over is counted to now', () => {
    expect(took(before(65), null, NOW)).toBe('1 min 5 s')
    expect(took(before(65), before(61), NOW)).toBe('4.0 s')
    expect(span(0)).toBe('0 s')
  })
})
