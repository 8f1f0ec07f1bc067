import { expect, test } from 'vitest'
import type { ComponentVersion, Release, ReleaseComponentDocument } from '../api/types'
import { componentDraft, componentFaults, componentYaml, EMPTY_COMPONENT, originText, placesOf, reasonsAt, ruleText, takenBy } from './component'

const rule = { tag: '{version}', range: '', prereleases: false, regex: '', image: null, mirrors: [] }
const web: ReleaseComponentDocument = {
  name: 'web',
  image: 'r.test/shop/web',
  mirrors: ['m.test/shop/web'],
  versions: { ...rule, tag: 'v{version}', range: '^1.2' },
  channels: { 'next-1': { ...rule, prereleases: true }, ci: { ...rule, image: 'ci.test/web', regex: '-eu$' } },
  platforms: ['linux/amd64'],
}

test('a component becomes the document that it was, and what is as it would be anyway is left out', () => {
  expect(componentYaml(componentDraft(web))).toEqual({
    apiVersion: 'stella/v1',
    kind: 'Component',
    name: 'web',
    spec: {
      image: 'r.test/shop/web',
      mirrors: ['m.test/shop/web'],
      versions: { tag: 'v{version}', range: '^1.2' },
      channels: { 'next-1': { prereleases: true }, ci: { image: 'ci.test/web', regex: '-eu$' } },
      platforms: ['linux/amd64'],
    },
  })
  expect(componentYaml({ ...EMPTY_COMPONENT, name: ' a ', image: 'r/a ' }).spec).toEqual({ image: 'r/a' })
})

test('each reason of the server stands at its field', () => {
  const draft = componentDraft(web)
  const said = reasonsAt(
    [
      "its name is not lower-case letters, digits and hyphens",
      'image: the repository alone, without a tag',
      'versions.range: no range',
      'channels.next-1.tag: it is like v{version}',
      "channels: 'ci' is no name",
      "platforms: 'amd' is not like linux/arm64",
      'channels.gone.tag: of nobody',
      'more than 20 channels',
    ],
    draft,
  )
  expect(Object.fromEntries(said.at)).toEqual({
    name: ['its name is not lower-case letters, digits and hyphens'],
    image: ['the repository alone, without a tag'],
    'versions.range': ['no range'],
    'channel 0.tag': ['it is like v{version}'],
    'channel 1.name': ['ci is no name'],
    platforms: ["'amd' is not like linux/arm64"],
  })
  expect(said.rest).toEqual(['channels.gone.tag: of nobody', 'more than 20 channels'])
})

test('what the server would not see is told by the form', () => {
  const draft = componentDraft(web)
  const [one] = draft.channels
  if (!one) throw new Error('there are two')
  const faults = componentFaults({ ...draft, channels: [one, { ...one, key: 7 }, { ...one, key: 8, name: '' }] }, ['web'])
  expect([...faults.keys()]).toEqual(['name', 'channel 7.name', 'channel 8.name'])
})

const release = (reference: string, digest: string) =>
  ({ id: reference, components: [{ name: 'web', reference, digest, tagDrift: null }] }) as unknown as Release

test('a version says where it comes from, and which releases took it', () => {
  const told = { component: 'web', channel: null, version: '1', image: 'r', digest: 'sha256:aa', commit: null, build: 'shop 812', url: null, by: 'u', at: '' }
  const byTag: ComponentVersion = { tag: 'v1.2.0', version: '1.2.0', told: null }
  expect(originText(byTag)).toBe('tag v1.2.0')
  expect(originText({ tag: null, version: '1', told })).toBe('told by CI, shop 812')
  expect(originText({ tag: null, version: '1', told: { ...told, build: null } })).toBe('told by hand')
  const releases = [release('m.test/shop/web:v1.2.0', 'sha256:bb'), release('r.test/shop/web@sha256:aa', 'sha256:aa')]
  expect(takenBy('web', placesOf(web, ''), byTag, releases).map(({ digest }) => digest)).toEqual(['sha256:bb'])
  expect(takenBy('web', [], { tag: null, version: '1', told }, releases).map(({ digest }) => digest)).toEqual(['sha256:aa'])
  expect(takenBy('other', placesOf(web, ''), byTag, releases)).toEqual([])
})

test('a rule reads as a sentence', () => {
  expect(ruleText(web.versions)).toBe('tags like v{version}, within ^1.2, no prereleases')
})
