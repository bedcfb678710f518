/** Reads the collections themselves: nothing is half there, nobody is there twice, nobody is there who should be gone. */
import { MongoClient, type Db, type Document } from 'mongodb'
import { Binary } from 'mongodb'
import type { Account, Life } from './account.ts'

export type Stored = Awaited<ReturnType<typeof readAll>>

/** Every document, as the majority has it. */
export async function readAll(url: string) {
  const client = new MongoClient(url, { readConcern: { level: 'majority' }, readPreference: 'primary' })
  try {
    const db = client.db()
    const [users, identifiers, sessions, tokens, audit, outbox] = await Promise.all([
      all(db, 'users'),
      all(db, 'identifiers'),
      all(db, 'sessions'),
      all(db, 'tokens'),
      all(db, 'audit'),
      all(db, 'outbox'),
    ])
    return { users, identifiers, sessions, tokens, audit, outbox }
  } finally {
    await client.close()
  }
}

async function all(db: Db, collection: string): Promise<readonly Document[]> {
  return db.collection(collection).find().limit(100_000).toArray()
}

/** Ids as one text, whatever their form. */
function key(value: unknown): string {
  return value instanceof Binary ? value.toString('hex') : String(value)
}

function idKey(id: string): string {
  return id.replaceAll('-', '')
}

function count(documents: readonly Document[], of: (document: Document) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const document of documents) counts.set(of(document), (counts.get(of(document)) ?? 0) + 1)
  return counts
}

/** I1, I2, I4, I6 and I9, by the documents. Every outcome is known by now, so that nothing may be there besides. */
export function brokenIn(stored: Stored, accounts: readonly Account[]): readonly string[] {
  const users = new Set(stored.users.map(({ _id }) => key(_id)))
  return [
    ...strangers(stored, accounts),
    ...claims(stored, users),
    ...events(stored, users),
    ...orphans(stored, users),
    ...accounts.flatMap((account) => [
      ...(account.life ? lifeIn(stored, account.email, account.life) : []),
      ...account.deletedIds
        .filter((id) => users.has(idKey(id)))
        .map((id) => `I4 the deleted user ${id} is there`),
    ]),
  ]
}

/** I2 and I9: the users are those of the ledger, each once. */
function strangers({ users }: Stored, accounts: readonly Account[]): readonly string[] {
  const expected = new Map(accounts.flatMap(({ life, email }) => (life ? [[idKey(life.userId), email]] : [])))
  const found = new Map(users.map(({ _id, email }) => [key(_id), String(email)]))
  return [
    ...[...expected].filter(([id]) => !found.has(id)).map(([, email]) => `I1 the user of ${email} is lost`),
    ...[...found]
      .filter(([id, email]) => expected.get(id) !== email)
      .map(([id, email]) => `I2/I9 nobody was told of the user ${id} of ${email}`),
  ]
}

/** I2: one claim for the address, one for the name, and the idempotency key that the user names; no other. */
function claims({ users, identifiers }: Stored, known: ReadonlySet<string>): readonly string[] {
  const wanted = users.flatMap((user) => [
    [`e:${user['email']}`, key(user['_id'])],
    [`u:${user['username']}`, key(user['_id'])],
    ...(user['idempotencyKey'] === undefined ? [] : [[String(user['idempotencyKey']), key(user['_id'])]]),
  ])
  const found = new Map(identifiers.map(({ _id, userId }) => [String(_id), key(userId)]))
  return [
    ...wanted
      .filter(([name = '', user]) => found.get(name) !== user)
      .map(([name]) => `I2 the claim ${name} does not lead to its user`),
    ...[...found].filter(([, user]) => !known.has(user)).map(([name]) => `I2 the claim ${name} of nobody`),
    ...(found.size > wanted.length ? [`I2 ${found.size} claims where ${wanted.length} are due`] : []),
  ]
}

/** I1 and I6: the events are written with their steps, so that they count what was applied, and how often. */
function events({ audit, users }: Stored, known: ReadonlySet<string>): readonly string[] {
  const of = (action: string, detail?: string): Map<string, number> =>
    count(
      audit.filter(
        (event) => event['action'] === action && (detail === undefined || event['detail'] === detail),
      ),
      ({ userId }) => key(userId),
    )
  const registered = of('register')
  const deleted = of('delete-account')
  const reset = of('reset-password', 'confirmed')
  return [
    ...[...known].filter((id) => registered.get(id) !== 1).map((id) => `I1 no single event made ${id}`),
    ...[...registered.keys()]
      .filter((id) => !known.has(id) && deleted.get(id) !== 1)
      .map((id) => `I1 the user ${id} went without an event`),
    ...[...known].filter((id) => deleted.has(id)).map((id) => `I4 ${id} is there after its deletion`),
    ...users
      .filter((user) => Number(user['epoch']) !== 1 + (reset.get(key(user['_id'])) ?? 0))
      .map((user) => `I6 ${user['email']}: epoch ${user['epoch']}, resets ${reset.get(key(user['_id']))}`),
  ]
}

function orphans({ sessions, outbox, users }: Stored, known: ReadonlySet<string>): readonly string[] {
  const epochs = new Map(users.map((user) => [key(user['_id']), Number(user['epoch'])]))
  return [
    ...sessions
      .filter(({ userId, epoch }) => epochs.get(key(userId)) !== Number(epoch))
      .map(({ _id, userId }) => `I3/I4 the session ${key(_id)} of ${key(userId)} has outlived its epoch`),
    ...outbox
      .filter(({ userId }) => userId !== null && !known.has(key(userId)))
      .map(({ _id }) => `I1 the mail ${key(_id)} has no user`),
  ]
}

/** What was acknowledged of one life. */
function lifeIn({ users, sessions, tokens }: Stored, email: string, life: Life): readonly string[] {
  const id = idKey(life.userId)
  const user = users.find(({ _id }) => key(_id) === id)
  const there = new Set(sessions.map(({ _id }) => key(_id)))
  const links = tokens.filter(({ kind, userId }) => kind === 'reset_password' && key(userId) === id)
  return [
    ...life.sessions
      .filter((session) => !there.has(idKey(session.id)))
      .map((session) => `I5 ${email}: the acknowledged session ${session.id} is lost`),
    ...(links.length < life.asked
      ? [`I1 ${email}: ${life.asked} links asked for, ${links.length} there`]
      : []),
    ...(user && Number(user['epoch']) !== 1 + life.resets
      ? [`I1/I6 ${email}: ${life.resets} resets, but epoch ${user['epoch']}`]
      : []),
  ]
}
