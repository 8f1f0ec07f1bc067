// Weighs what a browser must fetch, gzipped, and fails above the budget; writes the .gz files that the server sends.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const BUILD = new URL('../build/ui/', import.meta.url).pathname
const ENTRY_KB_MAX = 220
const CHUNK_KB_MAX = 100
const COMPRESSED = /\.(js|css|svg|html|json)$/

const files = readdirSync(BUILD, { recursive: true }).filter((name) => COMPRESSED.test(name))
const kilobytes = new Map()
for (const name of files) {
  // Level 9 and no name or time in the header: the same bytes in give the same bytes out.
  const packed = gzipSync(readFileSync(join(BUILD, name)), { level: 9 })
  writeFileSync(join(BUILD, `${name}.gz`), packed)
  kilobytes.set(name, packed.length / 1024)
}

const page = readFileSync(join(BUILD, 'index.html'), 'utf8')
const isEntry = (name) => page.includes(`/${name}"`)
const scripts = [...kilobytes.keys()].filter((name) => /\.(js|css)$/.test(name))
const entry = scripts.filter(isEntry)
const entryKb = entry.reduce((sum, name) => sum + kilobytes.get(name), 0)
const say = (text) => process.stdout.write(`${text}\n`)

for (const name of scripts.toSorted((a, b) => kilobytes.get(b) - kilobytes.get(a)).slice(0, 12)) {
  say(`${kilobytes.get(name).toFixed(1).padStart(7)} KB  ${isEntry(name) ? 'entry' : 'lazy '}  ${name}`)
}
say(`${entryKb.toFixed(1).padStart(7)} KB  entry in all, of ${ENTRY_KB_MAX}`)

const heavy = scripts.filter((name) => !isEntry(name) && kilobytes.get(name) > CHUNK_KB_MAX)
const faults = heavy.map((name) => `${name} is ${kilobytes.get(name).toFixed(1)} KB, above ${CHUNK_KB_MAX} KB`)
if (entryKb > ENTRY_KB_MAX) faults.push(`the entry is ${entryKb.toFixed(1)} KB, above ${ENTRY_KB_MAX} KB`)
for (const fault of faults) process.stderr.write(`size: ${fault}\n`)
process.exitCode = faults.length > 0 ? 1 : 0
