/** Users of other programs move in by the command beside a running server, and sign in with their old passwords. */
import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { fixture } from '../support/imports.ts'
import { clientOf } from '../support/process-client.ts'
import { runToEnd, startServer, temporaryFolder, type ServerProcess } from '../support/process.ts'

const folder = temporaryFolder()
const dataDir = join(folder, 'data')
let server: ServerProcess
before(async () => {
  server = await startServer({ dataDir })
})
after(() => server.end('SIGKILL'))

const ANNA = 'blue bicycle 1984'
const BRUNO = 'Grüße aus Köln 7'
const CHLOE = 'chloe keeps 9 goats'
const DMITRI = 'dmitri was here 99'

interface Move {
  readonly from: string
  readonly files: readonly string[]
  readonly options?: readonly string[]
  /** Users that can sign in, and the one that is disabled. */
  readonly active: Readonly<Record<string, string>>
  readonly disabled?: readonly [name: string, password: string]
  /** Rows that are no users here. */
  readonly rejected?: number
}

const MOVES: readonly Move[] = [
  {
    from: 'keycloak',
    files: ['keycloak/shop-realm.json'],
    options: ['--without-unknown-hashes'],
    active: { anna: ANNA, bruno: BRUNO, dmitri: DMITRI },
    disabled: ['chloe', CHLOE],
    rejected: 2,
  },
  {
    from: 'fastapi-users',
    files: ['fastapi-users/users.sqlite'],
    active: { anna: ANNA, bruno: BRUNO, 'dmitri.p': 'пароль с пробелами 5' },
    disabled: ['chloe', CHLOE],
  },
  {
    from: 'supabase',
    files: ['supabase/users.csv'],
    active: { anna: ANNA, bruno: BRUNO, dmitri: DMITRI },
    disabled: ['chloe', CHLOE],
    rejected: 3,
  },
  {
    from: 'pocketbase',
    files: ['pocketbase/data-0.36.db'],
    options: ['--table', 'users'],
    active: { anna: ANNA, bruno: BRUNO, chloe: CHLOE },
  },
  {
    from: 'better-auth',
    files: ['better-auth/user.csv', 'better-auth/account.csv'],
    active: { anna: ANNA, bruno: BRUNO, dmitri: DMITRI },
    disabled: ['chloe', 'ﬁve goats and ½ a cow'],
    rejected: 1,
  },
  {
    from: 'auth0',
    files: ['auth0/users.ndjson', 'auth0/passwords.ndjson'],
    active: { anna: ANNA, bruno: BRUNO, dmitri: DMITRI },
    disabled: ['chloe', CHLOE],
    rejected: 1,
  },
]

/** A copy whose addresses are of this program alone: all of the programs have the same people. */
function ofItsOwn(file: string, host: string): string {
  const copy = join(folder, basename(file))
  copyFileSync(fixture(file), copy)
  if (!/\.(?:sqlite|db)$/.test(file)) {
    writeFileSync(copy, readFileSync(copy, 'utf8').replaceAll('@example.com', `@${host}`))
    return copy
  }
  const database = new DatabaseSync(copy)
  const table = file.startsWith('fastapi') ? 'user' : 'users'
  database.exec(`UPDATE ${table} SET email = replace(email, '@example.com', '@${host}')`)
  database.close()
  return copy
}

for (const { from, files, options = [], active, disabled, rejected = 0 } of MOVES) {
  test(`users of ${from} move in and sign in with the passwords that they have`, async () => {
    const host = `${from}.example`
    const words = ['users', 'import', '--from', from, ...options, '--output', 'ndjson']
    const copies = files.map((file) => ofItsOwn(file, host))
    const ended = await runToEnd({ dataDir, words: [...words, ...copies] })
    const told = JSON.parse(ended.stdout)
    assert.equal(told.rejected, rejected, ended.stderr)
    assert.equal(ended.code === 0, rejected === 0)

    const login = (name: string, password: string) =>
      clientOf(server.url)('POST /users/login', { body: { email: `${name}@${host}`, password } })
    for (const [name, password] of Object.entries(active)) {
      const { status, body } = await login(name, password)
      assert.deepEqual([status, body.user?.roles], [200, ['user']], name)
    }
    // The old hash has become one of our own.
    assert.equal((await login('anna', ANNA)).status, 200)
    assert.equal((await login('anna', `${ANNA}!`)).status, 401)
    if (!disabled) return
    const { status, body } = await login(...disabled)
    assert.deepEqual([status, body.code], [403, 'account_disabled'])
  })
}
