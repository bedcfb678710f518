import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noEnumeration } from './enumeration.ts'

const { log } = await noEnumeration({})

test('the log of all this names nobody', () => {
  assert.doesNotMatch(JSON.stringify(log), /example\.com|nobody|person-|pending-/)
})
