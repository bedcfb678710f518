/**
 * Makes what every later version must open: `node scripts/make-upgrade-fixture.ts` writes `test/fixtures/<version>.sqlite`, a
 * database as this release leaves it, and beside it, as JSON, its master key and what its people hold. Run once a minor
 * release; a file that is there is never made again.
 */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, type Client, type Tokens } from '../client/src/client.ts'
import { startApp, type App } from '../src/app.ts'
import { loadConfig } from '../src/config.ts'
import type { Status } from '../src/domain/user.ts'
import type { UpgradeFixture } from '../test/support/upgrade-fixture.ts'
import manifest from '../package.json' with { type: 'json' }

const ROOT = join(import.meta.dirname, '..')
const PASSWORD = 'seventeen soft summer rains'
const { version } = manifest
const silent = { info() {}, warn() {}, error() {} }

interface Held {
  readonly client: Client
  readonly tokens: () => Tokens
}

function clientOf({ publicUrl }: App): Held {
  let kept: Tokens = {}
  const tokens = { get: () => kept, set: (next: Tokens) => void (kept = next) }
  return { client: createClient({ baseUrl: publicUrl, tokens }), tokens: () => kept }
}

function good<R extends { readonly ok: boolean }>(result: R): Extract<R, { readonly ok: true }> {
  if (isGood(result)) return result
  throw new Error(JSON.stringify(result))
}

function isGood<R extends { readonly ok: boolean }>(result: R): result is Extract<R, { readonly ok: true }> {
  return result.ok
}

/** The secret of the newest link of this kind that was mailed to the address. */
async function mailedToken({ client }: Held, to: string, kind: string): Promise<string> {
  const { data } = good(await client.devMailMessages({ query: { to, kind, wait: '10' } }))
  return data.messages[0]?.tokens[0] ?? fail(`no mail ${kind}`)
}

function fail(reason: string): never {
  throw new Error(reason)
}

async function registered(app: App, username: string): Promise<Held> {
  const held = clientOf(app)
  const body = { username, email: `${username}@example.com`, password: PASSWORD, locale: 'de' }
  good(await held.client.register({ body }))
  good(await held.client.login({ body: { username, password: PASSWORD } }))
  return held
}

/** Users with a hash of each kind that can be imported, and one that may not sign in. */
async function addMovedIn({ deps }: App): Promise<UpgradeFixture['signIns']> {
  const vectors: readonly { password: string; stored: string }[] = JSON.parse(
    readFileSync(join(ROOT, 'test/vectors/foreign-hashes.json'), 'utf8'),
  )
  const kinds = [...Map.groupBy(vectors, ({ stored }) => /^\$[^$]+/.exec(stored)?.[0] ?? '')]
  const made = kinds.flatMap(([kind, [first]]) => (first ? [{ kind, ...first }] : []))
  const users = made.map(({ kind, stored }, index) => ({
    id: deps.ids.next(),
    username: `moved-${index}`,
    email: `moved-${index}@example.com`,
    emailVerified: true,
    passwordHash: stored,
    roles: ['user'],
    status: 'active' as Status,
    locale: 'en',
    profile: { display_name: kind },
    createdAt: deps.clock.now(),
  }))
  const audit = { id: deps.ids.next(), at: deps.clock.now(), action: 'import', requestId: deps.ids.next() }
  await deps.store.addUsers(users, { audit: { ...audit, actorId: null, userId: null, detail: null } })
  return made.map(({ password }, index) => ({ username: `moved-${index}`, password }))
}

async function populate(app: App): Promise<Omit<UpgradeFixture, 'madeAt' | 'masterKey'>> {
  const admin = clientOf(app)
  good(await admin.client.login({ body: { username: 'admin', password: PASSWORD } }))
  const ada = await registered(app, 'ada')
  const verify = await mailedToken(ada, 'ada@example.com', 'verify_email')
  good(await ada.client.verifyEmailConfirm({ params: { token: verify }, body: {} }))
  good(await ada.client.profileUpdate({ body: { profile: { display_name: 'Ada Lovelace' } } }))
  good(await ada.client.refresh({ body: { refresh_token: ada.tokens().refresh ?? '' } }))
  good(await ada.client.resetPasswordRequest({ body: { email: 'ada@example.com' } }))
  const mover = await registered(app, 'mover')
  good(await mover.client.profileUpdate({ body: { email: 'moved@example.com' } }))
  const disabled = await registered(app, 'disabled')
  const disabledId = good(await disabled.client.profileRead()).data.id
  good(await admin.client.changeAccess({ params: { id: disabledId }, body: { status: 'disabled' } }))
  good(
    await admin.client.createUser({
      body: { username: 'invited', email: 'invited@example.com', roles: ['user'] },
    }),
  )
  const gone = await registered(app, 'gone')
  const goneId = good(await gone.client.profileRead()).data.id
  good(await gone.client.deleteAccount({ body: { password: PASSWORD } }))
  const signIns = ['admin', 'ada', 'mover'].map((username) => ({ username, password: PASSWORD }))
  return {
    signIns: [...signIns, ...(await addMovedIn(app))],
    refused: { username: 'disabled', password: PASSWORD, code: 'account_disabled' },
    refreshToken: ada.tokens().refresh ?? '',
    deviceToken: ada.tokens().device ?? '',
    resetToken: await mailedToken(ada, 'ada@example.com', 'reset_password'),
    changeEmailToken: await mailedToken(mover, 'moved@example.com', 'change_email'),
    setPasswordToken: await mailedToken(admin, 'invited@example.com', 'set_password'),
    deletedIdHash: app.deps.secrets.hashId(goneId).toHex(),
  }
}

async function main(): Promise<void> {
  const path = join(ROOT, 'test', 'fixtures', version)
  if (existsSync(`${path}.sqlite`)) fail(`${path}.sqlite is there already, and stays as it is`)
  const dataDir = mkdtempSync(join(tmpdir(), 'um-fixture-'))
  const passwordFile = join(dataDir, 'admin-password')
  writeFileSync(passwordFile, PASSWORD)
  const settings = { UM_DATA_DIR: dataDir, UM_PORT: '0', UM_ADMIN_PASSWORD_FILE: passwordFile }
  const app = await startApp(loadConfig({ ...settings, UM_ADMIN_EMAIL: 'admin@example.com' }), {
    log: silent,
  })
  try {
    const madeAt = Date.now()
    const held = await populate(app)
    await app.deps.store.scrub()
    await app.stop()
    const masterKey = readFileSync(join(dataDir, 'master.key'), 'utf8').trim()
    copyFileSync(join(dataDir, 'users.db'), `${path}.sqlite`)
    const fixture: UpgradeFixture = { madeAt, masterKey, ...held }
    writeFileSync(`${path}.json`, `${JSON.stringify(fixture, null, 2)}\n`)
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
  process.stdout.write(`wrote test/fixtures/${version}.sqlite and .json\n`)
}

await main()
