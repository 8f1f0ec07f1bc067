import { expect, test } from 'vitest'
import { kindWithin, kindWord } from './states'

test.each([
  ['ci', 'CI', 'CI'],
  ['scm', 'SCM', 'SCM'],
  ['secret_store', 'Secret store', 'secret store'],
  ['identity_provider', 'Identity provider', 'identity provider'],
])('%s is %s alone and %s within a sentence', (kind, alone, within) => {
  expect([kindWord(kind), kindWithin(kind)]).toEqual([alone, within])
})
