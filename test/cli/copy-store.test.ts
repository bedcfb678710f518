/** What the copying of a store refuses, and how the command ends then. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { loadConfig } from '../../src/config.ts'
import { copyBetween } from '../../src/copy-store.ts'
import { newInstallation } from '../support/moved-installation.ts'
import { runToEnd, temporaryFolder } from '../support/process.ts'
import { fill, newFile, openAt, pathOf, rowsIn } from '../support/stores-by-url.ts'

suite('what is refused, with nothing written', () => {
  const secret = 'hunter2-of-the-database'

  test('a store that is not empty, the same store, a file beside, a source that is not there or holds nothing', async () => {
    const installation = await newInstallation()
    const [source, full, empty, missing] = [newFile(), newFile(), newFile(), newFile()]
    for (const url of [source, full]) await fill(url)
    await (await openAt(empty)).close()
    const before = rowsIn(full)
    const config = loadConfig({ UM_MASTER_KEY_FILE: installation.keyFile })
    const copy = (from: string, to: string) => copyBetween(config, { from, to, reached: () => undefined })
    assert.deepEqual(await copy(source, full), { kind: 'not_empty' })
    assert.deepEqual(rowsIn(full), before)
    const beside = source.replace('users.db', 'new.db')
    for (const [from, to, code, words] of [
      [source, source.replace('users.db', '/users.db'), 'start_refused', /name the same store/],
      [source, beside, 'start_refused', /give the new one a folder of its own/],
      [missing, newFile(), 'start_refused', /--from: There is no database file/],
      [empty, newFile(), 'start_refused', /There is nothing in the store of --from/],
      ['postgres:users', newFile(), 'start_refused', /--from: /],
    ] as const) {
      await assert.rejects(copy(from, to), { code, message: words })
    }
    for (const url of [missing, beside]) assert.ok(!existsSync(pathOf(url)), url)
  })

  test('a master key that is not the one of the source, and a server that is running', async () => {
    const installation = await newInstallation()
    const to = newFile()
    await installation.serve('sqlite:users.db', async () => {
      const beside = await installation.copy('sqlite:users.db', to)
      assert.deepEqual([beside.code, beside.stdout], [4, ''])
      assert.match(beside.stderr, /--from: Another process is using this data folder: stop it/)
    })
    const other = join(temporaryFolder(), 'other.key')
    writeFileSync(other, randomBytes(32).toString('hex'), { mode: 0o600 })
    for (const [file, words] of [
      [other, /master key file is not the one that this database was made with/],
      [`${other}.none`, /master key file .* does not exist/],
    ] as const) {
      const config = loadConfig({ UM_DATA_DIR: installation.dataDir, UM_MASTER_KEY_FILE: file })
      const refused = copyBetween(config, { from: 'sqlite:users.db', to, reached: () => undefined })
      await assert.rejects(refused, { message: words })
    }
    assert.ok(!existsSync(pathOf(to)))
    assert.ok(!existsSync(`${other}.none`))
  })

  test('a MongoDB that is away ends with 5, and the password of a URL is never said', async () => {
    const { dataDir, keyFile } = await newInstallation()
    const source = newFile()
    await fill(source)
    const urlFile = join(temporaryFolder(), 'url')
    writeFileSync(urlFile, `mongodb://um:${secret}@localhost:9/none?serverSelectionTimeoutMS=500\n`)
    const launch = { dataDir, settings: { UM_MASTER_KEY_FILE: keyFile }, how: 'directly' } as const
    for (const [line, code] of [
      [['--from', source, '--to-file', urlFile], 5],
      [['--from', source], 2],
      [['--from', source, '--to', `mongodb://um:${secret}@/x`], 4],
    ] as const) {
      const ended = await runToEnd({ ...launch, words: ['copy-store', ...line] })
      assert.deepEqual([ended.code, ended.stdout], [code, ''], ended.stderr)
      assert.match(ended.stderr, /^(?:user-management|error): /m)
      assert.ok(!ended.stderr.includes(secret))
    }
  })
})
