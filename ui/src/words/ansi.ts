// Log lines carry colours as escape sequences: shown as tones where they mean something, never as raw codes.

export interface Piece {
  text: string
  tone: 'bad' | 'good' | 'wait' | 'busy' | 'plain'
  bold: boolean
}

// oxlint-disable-next-line no-control-regex -- escape is a control character, and the one looked for
const SEQUENCE = /\u001B\[([0-9;?]*)([A-Za-z])|\u001B\][^\u0007\u001B]*(?:\u0007|\u001B\\)/g

const TONES: Readonly<Record<number, Piece['tone']>> = {
  31: 'bad',
  91: 'bad',
  32: 'good',
  92: 'good',
  33: 'wait',
  93: 'wait',
  34: 'busy',
  94: 'busy',
  36: 'busy',
  96: 'busy',
  39: 'plain',
}

/** `line` cut at its colour changes; every other escape sequence is dropped. */
export function pieces(line: string): Piece[] {
  const cut: Piece[] = []
  let tone: Piece['tone'] = 'plain'
  let bold = false
  let from = 0
  const add = (text: string) => {
    if (text !== '') cut.push({ text, tone, bold })
  }
  for (const match of line.matchAll(SEQUENCE)) {
    add(line.slice(from, match.index))
    from = match.index + match[0].length
    if (match[2] !== 'm') continue
    for (const code of (match[1] ?? '').split(';').map(Number)) {
      if (code === 0) [tone, bold] = ['plain', false]
      else if (code === 1) bold = true
      else if (code === 22) bold = false
      else tone = TONES[code] ?? tone
    }
  }
  add(line.slice(from))
  return cut
}

export const plain = (line: string): string => line.replace(SEQUENCE, '')
