/** The first administrator of the settings: made once, and no existing account is touched. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DomainError } from '../../src/domain/errors.ts'
import { ensureFirstAdmin, offerSetupToken, peekSetupLink } from '../../src/domain/first-admin.ts'
import { administrators, setupToken } from '../support/setup-race.ts'
import { startTestServer } from '../support/server.ts'

const named = {
  username: 'operator',
  email: 'Operator@Example.com',
  password: 'nine quiet harbour lamps',
}

test('it is created with a proven address, in one step with its event, and can sign in', async () => {
  const server = await startTestServer()
  const { client, deps } = server
  await ensureFirstAdmin(named, deps)
  const user = await deps.store.findUserByIdentifier({ key: 'u:operator' })
  assert.deepEqual([user?.roles, user?.status, user?.emailVerified], [['admin'], 'active', true])
  const { items } = await deps.store.listAudit({
    userId: user?.id ?? '',
    actorId: null,
    limit: 9,
    from: null,
  })
  assert.deepEqual(
    items.map(({ action, actorId, detail }) => [action, actorId, detail]),
    [['first-admin', null, 'settings']],
  )
  const { email, password } = named
  assert.equal((await client.send('POST', '/users/login', { json: { email, password } })).status, 200)
  assert.equal(await offerSetupToken(deps), null, 'no link is offered any more')
  assert.equal(await peekSetupLink(setupToken(server), deps), 'used', 'and the earlier one is dead')
  assert.doesNotMatch(JSON.stringify(server.log), /operator|harbour/i)
})

test('where there is an administrator nothing is created, changed or even looked at', async () => {
  const server = await startTestServer()
  const { deps, newUser } = server
  const admin = await newUser({ roles: ['admin'] })
  const before = await deps.store.findUser({ id: admin.id })
  await ensureFirstAdmin({ ...named, email: admin.email, password: 'x' }, deps)
  await ensureFirstAdmin(named, deps)
  assert.deepEqual(await administrators(server), [admin.username])
  assert.deepEqual(await deps.store.findUser({ id: admin.id }), before)
})

test('an account that holds the address or the name is left as it is, and the log says so', async () => {
  const server = await startTestServer()
  const { deps, newUser } = server
  const holder = await newUser({ emailVerified: false })
  const before = await deps.store.findUser({ id: holder.id })
  await ensureFirstAdmin({ ...named, email: holder.email }, deps)
  await ensureFirstAdmin({ ...named, username: holder.username }, deps)
  await ensureFirstAdmin({ ...named, ...holder }, deps)
  assert.deepEqual(await deps.store.findUser({ id: holder.id }), before)
  assert.deepEqual(await administrators(server), [])
  const warnings = server.log.filter(({ fields }) => fields['event'] === 'first_admin_taken')
  assert.deepEqual(
    warnings.map(({ level, fields }) => [level, fields['settings']]),
    [
      ['warn', 'UM_ADMIN_EMAIL'],
      ['warn', 'UM_ADMIN_USERNAME'],
      ['warn', 'UM_ADMIN_EMAIL and UM_ADMIN_USERNAME'],
    ],
  )
  assert.doesNotMatch(JSON.stringify(warnings), new RegExp(`${holder.email}|${holder.username}`))
  assert.notEqual(await offerSetupToken(deps), null, 'the setup link is still a way')
})

test('what breaks a rule is refused, each with the setting that mends it', async () => {
  const { deps } = await startTestServer()
  const person = { username: 'no spaces', email: 'nobody', password: 'password' }
  await assert.rejects(ensureFirstAdmin(person, deps), (error: unknown) => {
    assert.ok(error instanceof DomainError)
    assert.equal(error.code, 'start_refused')
    assert.deepEqual(
      error.message.split('\n').map((line) => /^(?:The file of )?(UM_\w+) must .*: .+\.$/.exec(line)?.[1]),
      ['UM_ADMIN_USERNAME', 'UM_ADMIN_EMAIL', 'UM_ADMIN_PASSWORD_FILE'],
    )
    assert.doesNotMatch(error.message, /nobody|no spaces/)
    return true
  })
  assert.equal(await deps.store.hasAdmin(), false)
})

test('of many that create it at once one does, and none complains', async () => {
  const server = await startTestServer()
  await Promise.all(Array.from({ length: 20 }, () => ensureFirstAdmin(named, server.deps)))
  assert.deepEqual(await administrators(server), ['operator'])
  assert.equal(
    server.log.some(({ level }) => level !== 'info'),
    false,
  )
})

test('every start without an administrator makes a link of its own, and all live side by side', async () => {
  const server = await startTestServer()
  const tokens = [setupToken(server), await offerSetupToken(server.deps), await offerSetupToken(server.deps)]
  assert.equal(new Set(tokens).size, 3)
  for (const token of tokens) assert.equal(await peekSetupLink(token ?? '', server.deps), 'live')
})
