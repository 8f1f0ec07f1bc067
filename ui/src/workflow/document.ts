import { type Document, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import { isObject, objectOf } from '../words/object'

// A workflow as its author wrote it: every change is made in the text, so that comments and order stay.

export type Section = 'steps' | 'finally'
export type Config = Readonly<Record<string, unknown>>

export interface Step {
  name: string
  section: Section
  uses: string
  needs: readonly string[]
  /** All that stands in it. */
  held: Config
}

export type Read = { kind: 'read'; name: string; spec: Config; steps: readonly Step[] } | { kind: 'unread'; words: string; line: number | undefined }

const SECTIONS: readonly Section[] = ['steps', 'finally']
/** What the server reads as a name. */
const STEP_NAME = /^[a-z][a-z0-9_]{0,39}$/

export const SKELETON = `apiVersion: stella/v1
kind: Workflow
name: 
spec:
  description: ""
  steps: {}
`

/** What a text says; where it is no YAML, why, and in which line. */
export function readText(text: string): Read {
  const found = parseDocument(text, { prettyErrors: true })
  const [error] = found.errors
  if (error !== undefined) {
    return { kind: 'unread', words: error.message.split('\n')[0] ?? '', line: error.linePos?.[0].line }
  }
  let plain: unknown
  try {
    plain = found.toJS({ maxAliasCount: 100 })
  } catch (problem) {
    return { kind: 'unread', words: problem instanceof Error ? problem.message : 'it cannot be read', line: undefined }
  }
  if (!isObject(plain)) return { kind: 'unread', words: 'it is no document: apiVersion, kind, name, spec', line: 1 }
  const spec = objectOf(plain['spec'])
  const name = typeof plain['name'] === 'string' ? plain['name'] : ''
  return { kind: 'read', name, spec, steps: stepsOf(spec) }
}

/** The steps of a specification, those of the end last. */
export function stepsOf(spec: Config): Step[] {
  return SECTIONS.flatMap((section) =>
    Object.entries(objectOf(spec[section])).map(([name, raw]) => {
      const held = objectOf(raw)
      const needs = Array.isArray(held['needs']) ? held['needs'].filter((one) => typeof one === 'string') : []
      return { name, section, uses: typeof held['uses'] === 'string' ? held['uses'] : '', needs, held }
    }),
  )
}

/** A free name for a step of that type: "wait", "wait_2". */
export function freeName(uses: string, taken: readonly string[]): string {
  const plain = uses.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_').replaceAll(/^_+|_+$/g, '')
  const base = /^[a-z]/.test(plain) ? plain.slice(0, 34) : `step_${plain}`.slice(0, 34)
  if (!taken.includes(base)) return base
  let number = 2
  while (taken.includes(`${base}_${number}`)) number += 1
  return `${base}_${number}`
}

/** Why a step cannot have that name; undefined where it can. */
export function nameFault(name: string, taken: readonly string[]): string | undefined {
  if (!STEP_NAME.test(name)) return 'Lower-case letters, digits and _, beginning with a letter'
  return taken.includes(name) ? 'Another step has that name' : undefined
}

function edited(text: string, change: (document: Document) => void): string {
  const document = parseDocument(text)
  if (document.errors.length > 0) return text
  change(document)
  return document.toString({ lineWidth: 0, flowCollectionPadding: false })
}

/** The map at a place, made where there is none; one that is to grow is written in lines. */
function grown(document: Document, path: readonly string[]): void {
  const found = document.getIn(path, true)
  if (!isMap(found)) document.setIn(path, document.createNode({}))
  const map = document.getIn(path, true)
  if (isMap(map) && map.items.length === 0) map.flow = false
}

export function addStep(text: string, step: { section: Section; name: string; uses: string; needs: readonly string[] }): string {
  return edited(text, (document) => {
    grown(document, ['spec'])
    grown(document, ['spec', step.section])
    const held = step.needs.length === 0 ? { uses: step.uses } : { uses: step.uses, needs: [...step.needs] }
    document.setIn(['spec', step.section, step.name], document.createNode(held))
  })
}

/** Nothing needs it afterwards. */
export function removeStep(text: string, { section, name }: Pick<Step, 'section' | 'name'>): string {
  return edited(text, (document) => {
    document.deleteIn(['spec', section, name])
    for (const other of namesIn(document, section)) dropNeed(document, section, name, other)
  })
}

export function connect(text: string, section: Section, from: string, to: string): string {
  const held = needsIn(text, section, to)
  return from === to || held.includes(from) ? text : setAt(text, [section, to, 'needs'], [...held, from])
}

export function disconnect(text: string, section: Section, from: string, to: string): string {
  return edited(text, (document) => dropNeed(document, section, from, to))
}

/** Put a value at a place of the specification; undefined takes it away, and the object around it where that is empty. */
export function setAt(text: string, path: readonly string[], value: unknown): string {
  return edited(text, (document) => {
    const whole = ['spec', ...path]
    if (value !== undefined) {
      for (let depth = 1; depth < whole.length; depth += 1) grown(document, whole.slice(0, depth))
      document.setIn(whole, document.createNode(value))
      return
    }
    if (!document.hasIn(whole)) return
    document.deleteIn(whole)
    const around = document.getIn(whole.slice(0, -1), true)
    if (path.at(-2) === 'with' && isMap(around) && around.items.length === 0) document.deleteIn(whole.slice(0, -1))
  })
}

/** Whatever names it names it anew: what needs it, and every expression. */
export function renameStep(text: string, { section, name }: Pick<Step, 'section' | 'name'>, to: string): string {
  return edited(text, (document) => {
    const steps = document.getIn(['spec', section], true)
    if (!isMap(steps)) return
    const pair = steps.items.find(({ key }) => (isScalar(key) ? key.value : key) === name)
    if (pair === undefined) return
    pair.key = document.createNode(to)
    const named = new RegExp(String.raw`\bsteps\.${name}\b`, 'g')
    visit(document, {
      Scalar(key, node) {
        if (key !== 'key' && typeof node.value === 'string') node.value = node.value.replaceAll(named, `steps.${to}`)
      },
    })
    for (const other of namesIn(document, section)) {
      const needs = listAt(document, ['spec', section, other, 'needs'])
      if (needs.includes(name)) {
        document.setIn(['spec', section, other, 'needs'], document.createNode(needs.map((one) => (one === name ? to : one))))
      }
    }
  })
}

function namesIn(document: Document, section: Section): string[] {
  const steps = document.getIn(['spec', section], true)
  return isMap(steps) ? steps.items.map(({ key }) => String(isScalar(key) ? key.value : key)) : []
}

function listAt(document: Document, path: readonly string[]): unknown[] {
  const plain = document.getIn(path, true)
  const value: unknown = isSeq(plain) ? plain.toJSON() : undefined
  return Array.isArray(value) ? value : []
}

function needsIn(text: string, section: Section, name: string): string[] {
  return listAt(parseDocument(text), ['spec', section, name, 'needs']).map(String)
}

function dropNeed(document: Document, section: Section, from: string, to: string): void {
  const path = ['spec', section, to, 'needs']
  const needs = listAt(document, path)
  if (!needs.includes(from)) return
  const rest = needs.filter((one) => one !== from)
  if (rest.length === 0) document.deleteIn(path)
  else document.setIn(path, document.createNode(rest))
}

/** The step that a fault's place is in. */
export function stepAt(place: string, steps: readonly Step[]): Step | undefined {
  const [section, name] = place.split('.')
  return steps.find((step) => step.section === section && step.name === name)
}

/** The line, from 1, at which a fault's place stands, or as much of the place as is there. */
export function lineAt(text: string, place: string): number | undefined {
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter })
  let line: number | undefined
  let node: unknown = document.contents
  for (const part of ['spec', ...place.split('.').filter(Boolean)]) {
    if (!isMap(node)) break
    const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === part)
    if (pair === undefined) break
    if (isScalar(pair.key) && pair.key.range) line = counter.linePos(pair.key.range[0]).line
    node = pair.value
  }
  return line
}
