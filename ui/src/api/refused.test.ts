import { expect, test } from 'vitest'
import { problemFrom, problemOf, Refused } from './refused'

test('a refusal is carried as the server wrote it', () => {
  const written = { type: 't', title: 'prod is frozen', status: 409, code: 'ST-PRO-009' }
  expect(problemFrom(new Refused(problemOf(written, 409)))).toEqual(written)
})

test.each([['<html>Bad gateway</html>'], [undefined], [{ detail: 'Not Found' }]])(
  'an answer that is no problem document is told by its status: %j',
  (body) => {
    expect(problemOf(body, 502)).toMatchObject({ status: 502, title: 'The server answered with status 502' })
  },
)

test('a lost connection reads as such, and says that trying again may help', () => {
  expect(problemFrom(new TypeError('Failed to fetch'))).toMatchObject({ code: 'OFFLINE', retry_may_help: true })
})
