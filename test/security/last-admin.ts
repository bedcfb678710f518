/** Two administrators who turn on each other at the same moment: one of them stays, every time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '../support/client.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { tokenOf } from '../support/server-sessions.ts'
import type { TestUser } from '../support/server-users.ts'
import { rounds, upTo } from '../support/store-fixtures.ts'
import { addSummary } from '../support/summary.ts'

/** What one does to the other, or to itself. */
const deeds = ['demote', 'disable', 'delete', 'resign', 'leave'] as const
type Deed = (typeof deeds)[number]

function ofItself(deed: Deed): boolean {
  return deed === 'resign' || deed === 'leave'
}

/** All that a deed may be refused with: for what the other one has done a moment before. */
const refusals = ['last_admin', 'session_revoked', 'user_not_found', 'permission_denied']

let server: TestServer

/** Starts a server with these settings and registers the tests. */
export async function lastAdmin(engine: string, settings: Readonly<Record<string, string>>): Promise<void> {
  server = await startTestServer(settings)

  test('of two administrators who remove each other, or themselves, at once exactly one succeeds', async () => {
    const pairs = deeds.flatMap((one) => deeds.map((other) => [one, other] as const))
    const counts: Record<string, number> = {}
    for (const round of upTo(rounds(200))) {
      const [one = 'demote', other = 'demote'] = pairs[round % pairs.length] ?? []
      const codes = await duel([one], [other])
      const done = codes.filter((code) => code === 'done').length
      // Who removes the other while the other goes of its own accord may both succeed: it is the same one that is gone.
      const both = ofItself(one) !== ofItself(other)
      assert.ok(done === 1 || (both && done === 2), `${one} ${other}: ${codes.join()}`)
      for (const code of codes) counts[code] = (counts[code] ?? 0) + 1
    }
    addSummary(`last admin on ${engine}: ${rounds(200)} duels, ${JSON.stringify(counts)}`)
  })

  test('an administrator is left, however many deeds of both are under way', async () => {
    for (const _ of upTo(rounds(200))) {
      const codes = await duel(deeds, deeds)
      assert.ok(codes.includes('done'), codes.join())
    }
  })
}

/** A new pair of administrators, and nobody else: all deeds of both at once. Says how each ended. */
async function duel(ofOne: readonly Deed[], ofOther: readonly Deed[]): Promise<readonly string[]> {
  const { deps, newUser } = server
  const [one, other] = [await newUser({ roles: ['admin'] }), await newUser({ roles: ['admin'] })]
  await retire([one, other])
  const tokens = [await tokenOf(one, deps), await tokenOf(other, deps)]
  const answers = await Promise.all([
    ...ofOne.map((deed) => send(deed, { token: tokens[0] ?? '', self: one, other })),
    ...ofOther.map((deed) => send(deed, { token: tokens[1] ?? '', self: other, other: one })),
  ])
  const left = await admins()
  assert.ok(left.length > 0, `nobody is left of ${ofOne.join()} and ${ofOther.join()}`)
  assert.equal(await deps.store.hasAdmin(), true)
  return answers.map(({ status, text }) => {
    if (status === 200) return 'done'
    const { code }: { code: string } = JSON.parse(text)
    assert.ok(refusals.includes(code), text)
    return code
  })
}

/** Whoever is left of the last round goes, now that there are others. */
async function retire(staying: readonly TestUser[]): Promise<void> {
  const { store, secrets, clock, ids } = server.deps
  for (const id of await admins()) {
    if (staying.some((each) => each.id === id)) continue
    const now = clock.now()
    const audit = { id: ids.next(), at: now, action: 'delete-user', actorId: null, userId: id }
    const trail = { audit: { ...audit, requestId: ids.next(), detail: null } }
    const idHash = secrets.hashId(id)
    const deleted = await store.deleteUser({ userId: id, expectEpoch: null, idHash, now }, trail)
    assert.equal(deleted.kind, 'deleted')
  }
}

async function admins(): Promise<readonly string[]> {
  const query = { search: null, role: 'admin', status: 'active', verified: null, from: null } as const
  const page = await server.deps.store.listUsers({
    ...query,
    sort: 'created_at',
    descending: false,
    limit: 100,
  })
  return page.items.filter(({ passwordHash }) => passwordHash !== null).map(({ id }) => id)
}

interface Duellist {
  readonly token: string
  readonly self: TestUser
  readonly other: TestUser
}

function send(deed: Deed, { token, self, other }: Duellist): Promise<Answer> {
  const { client } = server
  switch (deed) {
    case 'demote':
      return client.send('PATCH', `/users/${other.id}`, { token, json: { roles: ['user'] } })
    case 'disable':
      return client.send('PATCH', `/users/${other.id}`, { token, json: { status: 'disabled' } })
    case 'delete':
      return client.send('DELETE', `/users/${other.id}`, { token })
    case 'resign':
      return client.send('PATCH', `/users/${self.id}`, { token, json: { roles: [] } })
    case 'leave':
      return client.send('DELETE', '/users/delete', { token })
  }
}
