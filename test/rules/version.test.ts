/** A release has one number, wherever it is written. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import client from '../../client/package.json' with { type: 'json' }
import lock from '../../package-lock.json' with { type: 'json' }
import server from '../../package.json' with { type: 'json' }
import { version } from '../../src/domain/version.ts'
import { assertNone, places, read, sources, withoutComments } from './source.ts'

/** A number of a release, as package.json has them, in any text. */
const NUMBER = /\d+\.\d+\.\d+(?:-[\w.]+)?/

test('the server and the packages of server and client name one version', () => {
  const named = { client: client.version, lock: lock.version, lockedRoot: lock.packages[''].version, version }
  assert.match(server.version, new RegExp(`^${NUMBER.source}$`))
  for (const [place, each] of Object.entries(named)) assert.equal(each, server.version, place)
})

test('the examples of containers and the changelog name it, too', () => {
  const images = ['deploy/compose.sqlite.yaml', 'deploy/compose.mongodb.yaml', 'docs/guide/deploy.md']
  for (const path of images) {
    const found = [...read(path).matchAll(new RegExp(`user-management:(${NUMBER.source})`, 'g'))]
    assert.ok(found.length > 0, path)
    for (const [, tag] of found) assert.equal(tag, server.version, path)
  }
  assert.match(read('CHANGELOG.md'), new RegExp(`^## .*${RegExp.escape(server.version)}`, 'm'))
})

test('no other source writes the version out', () => {
  const number = new RegExp(`(?<![\\d.])${RegExp.escape(version)}(?![\\d.])`, 'g')
  const found = sources('src/**/*.ts', 'client/src/**/*.ts', 'scripts/**/*.ts', 'bin/*').filter(
    ({ path }) => path !== 'src/domain/version.ts',
  )
  assert.ok(found.length > 0)
  assertNone(found.flatMap((source) => places(source, number, withoutComments(source.text))))
})
