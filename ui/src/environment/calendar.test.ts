import { describe, expect, it } from 'vitest'
import type { FreezeWindow } from '../api/types'
import { weeksFrom, whatIsFrozen, windowsOn } from './calendar'

const window = (startsAt: string, endsAt: string): FreezeWindow => ({
  freeze: 'weekends',
  startsAt,
  endsAt,
  reason: 'nobody looks',
  environments: ['prod'],
  components: [],
  byRule: true,
})

describe('the calendar of freezes', () => {
  const weeks = weeksFrom(Date.parse('2030-01-31T12:00:00Z'), 2, 'utc')
  const days = weeks.flat()

  it('begins on the Monday of this week and goes on without a gap', () => {
    expect(weeks.map((week) => week.length)).toEqual([7, 7])
    expect(days[0]?.begins).toBe(Date.parse('2030-01-28T00:00:00.000Z'))
    for (const [index, day] of days.slice(1).entries()) expect(day.begins).toBe(days[index]?.ends)
  })

  it('names each month where it begins', () => {
    expect(days.filter(({ month }) => month).map(({ number, month }) => [number, month])).toEqual([
      [28, 'January'],
      [1, 'February'],
    ])
  })

  it('begins a week on Monday also where today is Sunday', () => {
    const [week] = weeksFrom(Date.parse('2030-02-03T23:59:59Z'), 1, 'utc')
    expect(week?.map(({ number }) => number)).toEqual([28, 29, 30, 31, 1, 2, 3])
  })

  it.each([
    ['2030-01-28T23:59:00Z', '2030-01-29T00:00:00Z', [28]],
    ['2030-01-28T00:00:00Z', '2030-01-30T00:00:01Z', [28, 29, 30]],
    ['2030-02-10T10:00:00Z', '2030-02-12T10:00:00Z', [10]],
    ['2030-01-01T00:00:00Z', '2030-01-28T00:00:00Z', []],
  ])('puts %s until %s on %j', (from, until, on) => {
    const found = days.filter((day) => windowsOn(day, [window(from, until)]).length > 0)
    expect(found.map(({ number }) => number)).toEqual(on)
  })

  it('says what is frozen', () => {
    expect(whatIsFrozen({ environments: [], components: [] })).toBe('everything')
    expect(whatIsFrozen({ environments: ['prod', 'stage'], components: [] })).toBe('prod, stage')
    expect(whatIsFrozen({ environments: ['prod'], components: ['web'] })).toBe('web in prod')
    expect(whatIsFrozen({ environments: [], components: ['web'] })).toBe('web everywhere')
  })
})
