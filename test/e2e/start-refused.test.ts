/** Starts that must not happen: one plain sentence a reason, with the remedy, and exit code 4. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, suite, test } from 'node:test'
import { clientOf } from '../support/process-client.ts'
import { runToEnd, startServer, temporaryFolder, type ServerProcess } from '../support/process.ts'

const KEY = `${'5a'.repeat(32)}\n`
const OTHER_KEY = `${'c3'.repeat(32)}\n`
const production = {
  UM_MODE: 'production',
  UM_PUBLIC_URL: 'https://accounts.example.com',
  UM_SMTP_URL: 'smtp://localhost:1',
  UM_MAIL_FROM: 'accounts@example.com',
}

interface Refusal {
  readonly title: string
  /** Prepares the data folder; says which settings to start with. */
  readonly given: (dataDir: string) => Readonly<Record<string, string>>
  /** One for each line that is printed, in that order; each has the remedy in it. */
  readonly says: readonly RegExp[]
  readonly makesNothing?: true
}

const refusals: readonly Refusal[] = [
  {
    title: 'a data folder whose place a file has taken is named',
    given: (dataDir) => (writeFileSync(dataDir, 'a file'), {}),
    says: [/data folder .*data.* set UM_DATA_DIR/],
  },
  {
    title: 'a data folder below a file is named',
    given: (dataDir) => (writeFileSync(dataDir, 'a file'), { UM_DATA_DIR: join(dataDir, 'below') }),
    says: [/data folder .*below.* set UM_DATA_DIR/],
  },
  {
    title: 'a database of a newer version is left alone',
    given: (dataDir) => {
      const db = databaseIn(dataDir)
      db.exec('CREATE TABLE users (id); PRAGMA application_id = 0x554d5356; PRAGMA user_version = 900')
      db.close()
      return {}
    },
    says: [/newer version .*900.*: start that version, or restore a backup/],
  },
  {
    title: 'a database of another program is left alone',
    given: (dataDir) => {
      const db = databaseIn(dataDir)
      db.exec('CREATE TABLE songs (title)')
      db.close()
      return {}
    },
    says: [/no database of this program: name another file/],
  },
  {
    title: 'a master key that is not there is never made where the operator names one',
    given: (dataDir) => ({ UM_MASTER_KEY_FILE: `${dataDir}.key` }),
    says: [/master key file .* does not exist: restore it .* or .* write one with "openssl rand -hex 32"/],
  },
  {
    title: 'a master key that cannot be read is named',
    given: (dataDir) => (
      mkdirSync(`${dataDir}.key`, { mode: 0o700 }),
      { UM_MASTER_KEY_FILE: `${dataDir}.key` }
    ),
    says: [/master key file .* cannot be read .*: point UM_MASTER_KEY_FILE at a file/],
  },
  {
    title: 'a master key that other users of the machine can read is refused with the command that mends it',
    given: (dataDir) => ({ UM_MASTER_KEY_FILE: keyFile(dataDir, KEY, 0o644) }),
    says: [/open to other users of this machine: run "chmod 600 .*\.key"/],
  },
  {
    title: 'a master key that is too short is refused',
    given: (dataDir) => ({ UM_MASTER_KEY_FILE: keyFile(dataDir, `${'5a'.repeat(31)}\n`) }),
    says: [/holds no 32 bytes or more .*: restore it .* "openssl rand -hex 32"/],
  },
  {
    title: 'a setting whose name is not known comes with the name that was meant',
    given: () => ({ UM_PUBLIC_ULR: 'http://localhost:1', UM_SOMETHING_ELSE: '1' }),
    says: [
      /UM_PUBLIC_ULR is not known \(did you mean UM_PUBLIC_URL\?\); remove it or correct its name/,
      /UM_SOMETHING_ELSE is not known; remove it or correct its name/,
    ],
  },
  {
    title: 'malformed values are named all at once, each with what it takes',
    given: () => ({
      UM_PORT: '123456',
      UM_SMTP_URL: 'mail.example.com',
      UM_REGISTRATION: 'maybe',
      UM_REQUIRE_VERIFIED_EMAIL: 'true',
      UM_SIGNING_ALGORITHM: 'none',
      UM_CORS_ORIGINS: 'https://app.example.com, app.example.com/',
      UM_SHUTDOWN_DELAY: '5s',
    }),
    says: [
      /UM_PORT .* 0 to 65535/,
      /UM_SMTP_URL .* like smtps:\/\//,
      /UM_REGISTRATION is maybe, but takes open or closed/,
      /UM_REQUIRE_VERIFIED_EMAIL is true, but takes on or off/,
      /UM_SIGNING_ALGORITHM is none, but takes ES256 or RS256 or Ed25519/,
      /UM_CORS_ORIGINS has app\.example\.com\/, .* like https:\/\/app\.example\.com/,
      /UM_SHUTDOWN_DELAY .* 0 to 999/,
    ],
  },
  {
    title: 'a sender of mails that is no address is refused before anything is made',
    given: () => ({ UM_SMTP_URL: 'smtp://localhost:1', UM_MAIL_FROM: 'accounts at example.com' }),
    says: [/UM_MAIL_FROM .*address/],
    makesNothing: true,
  },
  {
    title: 'production without its three settings has each of them named, with an example',
    given: () => ({ UM_MODE: 'production' }),
    says: [
      /needs UM_PUBLIC_URL; set it to something like https:/,
      /needs UM_SMTP_URL; set it to something like smtps:/,
      /needs UM_MAIL_FROM; set it to something like .*@/,
    ],
  },
  {
    title: 'production without TLS in its public URL is refused',
    given: () => ({ ...production, UM_PUBLIC_URL: 'http://accounts.example.com' }),
    says: [/UM_PUBLIC_URL begins with http:; in production it must begin with https:/],
  },
  {
    title: 'production on MongoDB without the key that its nodes share is refused',
    given: () => ({ ...production, UM_DATABASE_URL: 'mongodb://localhost:1/users' }),
    says: [/on MongoDB needs UM_MASTER_KEY_FILE; point it at the key file/],
    makesNothing: true,
  },
  {
    title: 'development is refused on an address that others can reach',
    given: () => ({ UM_HOST: '0.0.0.0' }),
    says: [/loopback only, not on 0\.0\.0\.0; unset UM_HOST or set UM_MODE=production/],
  },
  {
    title: 'an address that the machine does not have is refused',
    given: () => ({ ...production, UM_HOST: '192.0.2.1' }),
    says: [/no address 192\.0\.2\.1; set UM_HOST/],
  },
]

function databaseIn(dataDir: string): DatabaseSync {
  mkdirSync(dataDir, { recursive: true })
  return new DatabaseSync(join(dataDir, 'users.db'))
}

function keyFile(dataDir: string, content: string, mode = 0o600): string {
  const path = `${dataDir}.key`
  writeFileSync(path, content, { mode })
  chmodSync(path, mode)
  return path
}

/** Starts, and checks what every refusal has in common. Log lines may come before the sentences. */
async function refusedWith(
  dataDir: string,
  settings: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const { code, signal, stdout, stderr } = await runToEnd({ dataDir, settings, how: 'directly' })
  assert.deepEqual([code, signal], [4, null], stderr)
  assert.equal(stdout, '')
  const lines = stderr.trimEnd().split('\n')
  const sentences = lines.filter((line) => !line.startsWith('{'))
  for (const sentence of sentences) assert.match(sentence, /^user-management: \S.*\S\.$/)
  return sentences
}

suite('a start is refused with a sentence and exit code 4:', { concurrency: 3 }, () => {
  for (const { title, given, says, makesNothing } of refusals) {
    test(title, async () => {
      const dataDir = join(temporaryFolder(), 'data')
      const sentences = await refusedWith(dataDir, given(dataDir))
      assert.equal(sentences.length, says.length, sentences.join('\n'))
      for (const [index, expected] of says.entries()) assert.match(sentences[index] ?? '', expected)
      if (makesNothing) assert.equal(existsSync(join(dataDir, 'users.db')), false)
    })
  }
})

suite('beside a running server a start is refused:', { concurrency: 3 }, () => {
  const dataDir = join(temporaryFolder(), 'data')
  let running: ServerProcess
  before(async () => {
    running = await startServer({ dataDir, how: 'directly' })
  })
  after(() => running.end('SIGKILL'))

  test('a second process on the same data folder says so, and the first goes on', async () => {
    const [sentence = '', ...more] = await refusedWith(dataDir, {})
    assert.match(sentence, /Another process is using this data folder: stop it, or .* UM_DATA_DIR/)
    assert.deepEqual(more, [])
    assert.equal((await clientOf(running.url)('GET /readyz')).status, 200)
  })

  test('a port that another program has is named, with the setting for another one', async () => {
    const { port } = new URL(running.url)
    const elsewhere = join(temporaryFolder(), 'data')
    const [sentence = ''] = await refusedWith(elsewhere, { UM_PORT: port })
    assert.match(sentence, new RegExp(`Port ${port} is taken .*set UM_PORT to another port`))
  })
})

test('another master key than the one of the database is refused, and the right one still opens it', async () => {
  const dataDir = join(temporaryFolder(), 'data')
  const right = { UM_MASTER_KEY_FILE: keyFile(dataDir, KEY) }
  const first = await startServer({ dataDir, settings: right, how: 'directly' })
  assert.equal((await first.end('SIGTERM')).code, 0)
  const before = readFileSync(join(dataDir, 'users.db'))

  const wrong = { UM_MASTER_KEY_FILE: keyFile(`${dataDir}-other`, OTHER_KEY) }
  const [sentence = '', ...more] = await refusedWith(dataDir, wrong)
  assert.match(sentence, /master key.*UM_MASTER_KEY_FILE/)
  assert.deepEqual(more, [])
  assert.deepEqual(keysIn(readFileSync(join(dataDir, 'users.db'))), keysIn(before))

  const again = await startServer({ dataDir, settings: right, how: 'directly' })
  assert.equal((await again.end('SIGTERM')).code, 0)
})

/** The ids of the signing keys, as they stand in the bytes of the file. */
function keysIn(bytes: Buffer): readonly string[] {
  return [...new Set(bytes.toString('latin1').match(/"kid":"[\w-]+"/g))].toSorted()
}

test('a taken IPv4 port is not taken silently on IPv6 instead', async (t) => {
  const other = createServer()
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening))
  t.after(() => other.close())
  const address = other.address()
  assert.ok(typeof address === 'object' && address)
  const port = String(address.port)
  const [sentence = ''] = await refusedWith(join(temporaryFolder(), 'data'), { UM_PORT: port })
  assert.match(sentence, new RegExp(`Port ${port} is taken`))
})
