/** The canary on MongoDB: a dump of all that a database holds, and short lives, since every step is a transaction. */
import { BSON, type Db } from 'mongodb'
import { oneTimeLink } from '../../src/domain/one-time-link.ts'
import { auditEvent } from '../../src/domain/trail.ts'
import type { NewUser } from '../../src/domain/user.ts'
import { exporting, gone, lifeOf, staying, type Canary, type Life } from './canary-run.ts'
import { markersIn, type Person } from './canary.ts'

const anHourMs = 3_600_000

/** Every document of every collection as extended JSON, and whatever is binary as the bytes that it is. */
export async function dumpOf(db: Db): Promise<string> {
  const collections = await db.listCollections({}, { nameOnly: true }).toArray()
  const dumps = collections.map(async ({ name }) => {
    const documents = await db.collection(name).find({}, { promoteBuffers: true }).toArray()
    return documents.map((document) => `${name} ${BSON.EJSON.stringify(document)}${bytesIn(document)}`)
  })
  return (await Promise.all(dumps)).flat().join('\n')
}

function bytesIn(value: unknown): string {
  if (value instanceof Uint8Array) return ` ${Buffer.from(value).toString('latin1')}`
  if (typeof value !== 'object' || value === null) return ''
  return Object.values(value).map(bytesIn).join('')
}

/** Those that export, and some of those that stay, live by the use cases; the others by one or two steps of the store. */
export function storedLives(canary: Canary): Life & { readonly byUseCases: ReadonlySet<Person> } {
  const whole = lifeOf(canary)
  const ids = new Map<Person, string>()
  const byUseCases = new Set([...exporting, ...staying.slice(0, 80)])
  return {
    byUseCases,
    live: async (person) => {
      if (byUseCases.has(person)) await whole.live(person)
      else ids.set(person, await storedLife(person, canary))
    },
    remove: async (person) => {
      const userId = ids.get(person)
      if (userId === undefined) return whole.remove(person)
      const { deps } = canary
      const audit = auditEvent({ action: 'delete-account', userId }, callerOf(person, canary), deps)
      const deletion = { userId, expectEpoch: 1, idHash: deps.secrets.hashId(userId), now: deps.clock.now() }
      const { kind } = await deps.store.deleteUser(deletion, { audit })
      if (kind !== 'deleted') throw new Error(`the user was not deleted: ${kind}`)
    },
  }
}

function callerOf({ versions: [{ userAgent }] }: Person, { deps }: Canary) {
  return { requestId: deps.ids.next(), userAgent }
}

/** Those that stay are a user and no more; of those that leave, other collections hold something too. */
async function storedLife(person: Person, canary: Canary): Promise<string> {
  const { deps } = canary
  const [{ username, email, locale, profile, deviceName, userAgent }] = person.versions
  const user: NewUser = {
    id: deps.ids.next(),
    username,
    email,
    emailVerified: false,
    passwordHash: canary.passwordHash,
    roles: ['user'],
    status: 'active',
    locale,
    profile,
    createdAt: deps.clock.now(),
  }
  const said = [username, email, locale, ...Object.values(profile)]
  if (gone.has(person.index)) {
    await storeWithLink(person, user, canary)
    if (person.index % 3 === 0) {
      await storeSession(person, user, canary)
      said.push(deviceName, userAgent)
    }
  } else {
    const audit = auditEvent({ action: 'register', userId: user.id }, callerOf(person, canary), deps)
    await deps.store.createUser({ user }, { audit })
  }
  for (const marker of markersIn(said.join(' '))) person.current.add(marker)
  return user.id
}

/** With idempotency record and link, whose mail waits for an hour, so that it is still there. */
async function storeWithLink(person: Person, user: NewUser, canary: Canary): Promise<void> {
  const { deps } = canary
  const { store, secrets } = deps
  const caller = callerOf(person, canary)
  const [{ idempotencyKey }] = person.versions
  const expiresAt = user.createdAt + anHourMs
  const link = { kind: 'verify_email', owner: { ...user, epoch: 1 }, auditAction: null } as const
  const { token, mail } = oneTimeLink(link, caller, { ...deps, clock: { now: () => expiresAt } })
  const key = secrets.mac('idempotency', idempotencyKey)
  const idempotency = { key, body: secrets.mac('idempotency', user.email), expiresAt }
  const audit = auditEvent({ action: 'register', userId: user.id }, caller, deps)
  await store.createUser({ user, token, idempotency }, { audit, mail })
}

async function storeSession(person: Person, user: NewUser, canary: Canary): Promise<void> {
  const { deps } = canary
  const [{ deviceName, userAgent }] = person.versions
  const { id: userId, createdAt } = user
  const { refreshKeyId } = deps.secrets
  const expiresAt = createdAt + anHourMs
  const device = { deviceName, userAgent, refreshKeyId }
  const session = { id: deps.ids.next(), userId, epoch: 1, ...device, createdAt, expiresAt }
  const audit = auditEvent({ action: 'login', userId }, callerOf(person, canary), deps)
  await deps.store.openSession(session, { audit })
}
