import { describe, expect, test } from 'vitest'
import { pieces, plain } from './ansi'
import { marks } from './marks'
import { bytes, count, shellLine, shortDigest } from './text'

test('digests are cut to 12, bytes to two figures, words agree with their number', () => {
  expect(shortDigest(`sha256:${'ab'.repeat(32)}`)).toBe('abababababab')
  expect([812, 4100, 12_400_000, 3e12].map(bytes)).toEqual(['812 B', '4.1 KB', '12 MB', '3.0 TB'])
  expect([count(1, 'target'), count(2, 'target'), count(2, 'entry', 'entries')]).toEqual([
    '1 target',
    '2 targets',
    '2 entries',
  ])
})

test('a command can be pasted into a shell whatever was typed', () => {
  expect(shellLine(['stella', 'approve', 'prm_01', '-m', "it's $(fine)"])).toBe(
    String.raw`stella approve prm_01 -m 'it'\''s $(fine)'`,
  )
})

describe('a sentence of the server', () => {
  test.each([
    ['wait until 2030-01-31T14:05:09.120Z, or end it: stella freeze end frz_01J8', ['time', 'command']],
    ['promote it to dev: stella promote rel_01J8 --env dev', ['command']],
    ['Fetch it with stella evidence get evd_01.', ['command']],
    ['stella scan registry.example:5000/shop/web:1.0.0', ['command']],
    ['nothing to mark here', []],
  ])('%s', (sentence, kinds) => {
    const found = marks(sentence)
    expect(found.map(({ text }) => text).join('')).toBe(sentence)
    expect(found.filter(({ kind }) => kind !== 'text').map(({ kind }) => kind)).toEqual(kinds)
  })

  test('a command ends where the sentence goes on', () => {
    expect(marks('wait, or run stella freeze end frz_01J8 and try again')[1]).toEqual({
      kind: 'command',
      text: 'stella freeze end frz_01J8',
    })
  })
})

describe('a coloured log line', () => {
  const line = '\u001B[1;31mfailed\u001B[0m after \u001B[36m3\u001B[39m tries\u001B[K'

  test('is cut where the colour changes', () => {
    expect(pieces(line)).toEqual([
      { text: 'failed', tone: 'bad', bold: true },
      { text: ' after ', tone: 'plain', bold: false },
      { text: '3', tone: 'busy', bold: false },
      { text: ' tries', tone: 'plain', bold: false },
    ])
  })

  test('is plain in a file', () => {
    expect(plain(line)).toBe('failed after 3 tries')
  })
})
