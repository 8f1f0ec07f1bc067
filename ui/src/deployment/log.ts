import type { LogLine } from '../api/types'
import { plain } from '../words/ansi'

/** The lines of one target, or all. */
export function linesOf(lines: readonly LogLine[], target: string | undefined): readonly LogLine[] {
  return target === undefined ? lines : lines.filter((line) => line.target === target)
}

/** Where in `lines` the search is found, as indexes; none for an empty search. */
export function matches(lines: readonly LogLine[], search: string): number[] {
  const wanted = search.toLowerCase()
  if (wanted === '') return []
  return lines.flatMap((line, index) => (plain(line.line).toLowerCase().includes(wanted) ? [index] : []))
}

/** The log as a file: UTC, tab-separated, without colours. */
export function logFile(lines: readonly LogLine[]): string {
  return lines.map((line) => `${line.at}\t${line.target}\t${plain(line.line)}\n`).join('')
}
