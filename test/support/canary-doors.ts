/** Two ways to use an account: over HTTP, and by the same use cases with one hash for all passwords. */
import { deleteAccount } from '../../src/domain/delete-account.ts'
import type { Caller, Deps } from '../../src/domain/deps.ts'
import { exportAccount } from '../../src/domain/export-account.ts'
import { login } from '../../src/domain/login.ts'
import type { Actor } from '../../src/domain/policy.ts'
import { updateProfile, type ProfileUpdate } from '../../src/domain/profile.ts'
import { register } from '../../src/domain/register.ts'
import { requestPasswordReset } from '../../src/domain/reset-password.ts'
import { confirmEmail } from '../../src/domain/verify-email.ts'
import type { Fields, Person } from './canary.ts'
import { markersIn } from './canary.ts'
import { mailTo, type Answer, type Client } from './process-client.ts'

export interface Door {
  register(person: Person, fields: Fields): Promise<void>
  signIn(person: Person, fields: Fields): Promise<void>
  update(person: Person, update: ProfileUpdate): Promise<void>
  /** Confirms the change of address that was asked for last. */
  confirmChange(person: Person, email: string): Promise<void>
  askReset(person: Person, email: string): Promise<void>
  /** The export, as text. */
  exportAll(person: Person): Promise<string>
  remove(person: Person): Promise<void>
}

/** One account from registration to a state in which every kind of field has been replaced. */
export async function wholeLife(person: Person, door: Door): Promise<void> {
  const [first, second, third] = person.versions
  await door.register(person, first)
  await door.signIn(person, first)
  await door.update(person, { profile: second.profile, locale: second.locale })
  await door.update(person, { username: second.username })
  await door.update(person, { email: second.email })
  const variant = person.index % 3
  if (variant === 0) await door.confirmChange(person, second.email)
  if (variant === 1) await door.update(person, { email: third.email })
  await door.askReset(person, variant === 0 ? second.email : first.email)
  await door.signIn(person, third)
  const addresses = [[second.email], [first.email, third.email], [first.email, second.email]][variant] ?? []
  const devices = [first, third].flatMap(({ deviceName, userAgent }) => [deviceName, userAgent])
  const said = [second.username, second.locale, ...Object.values(second.profile), ...addresses, ...devices]
  for (const marker of markersIn(said.join(' '))) person.current.add(marker)
}

/** One that has only changed its profile. */
export async function shortLife(person: Person, door: Door): Promise<void> {
  const [first, second] = person.versions
  await door.register(person, first)
  await door.signIn(person, first)
  await door.update(person, { profile: second.profile })
  const { username, email, deviceName, userAgent } = first
  const said = [username, email, deviceName, userAgent, first.locale, ...Object.values(second.profile)]
  for (const marker of markersIn(said.join(' '))) person.current.add(marker)
}

/** No password is hashed: every account has this one hash, and every password is right. */
export function domainDoor(real: Deps, passwordHash: string): Door {
  const passwords = { ...real.passwords, hash: async () => passwordHash, verify: async () => true }
  const sessions = new Map<Person, { userId: string; sessionId: string }>()
  const tokens = new Map<Person, string>()
  const caller = (fields?: Fields): Caller => ({
    requestId: real.ids.next(),
    userAgent: fields?.userAgent ?? null,
  })
  /** Keeps the token that is mailed: the inbox holds too few messages for so many people. */
  const depsFor = (person: Person): Deps => ({
    ...real,
    passwords,
    secrets: {
      ...real.secrets,
      newOneTimeToken: () => {
        const made = real.secrets.newOneTimeToken()
        tokens.set(person, made.token)
        return made
      },
    },
  })
  const actorOf = async (person: Person): Promise<Actor> => {
    const now = real.clock.now()
    const found = await real.store.findSession({ userId: '', sessionId: '', ...sessions.get(person), now })
    if (!found) throw new Error('the session is gone')
    return { ...found, userId: found.user.id, permissions: [], authTime: now }
  }
  return {
    async register(person, { username, email, locale, profile, idempotencyKey }) {
      const registration = { username, email, locale, profile, password: person.password }
      const idempotency = { key: idempotencyKey, body: JSON.stringify(registration) }
      await register(registration, { ...caller(), idempotency }, depsFor(person))
    },
    async signIn(person, fields) {
      // By the name that is valid now: a confirmed change has moved the address.
      const known = sessions.get(person)
      const user = known && (await real.store.findUser({ id: known.userId }))
      const identifier = { username: user?.username ?? fields.username }
      const attempt = { identifier, password: person.password, deviceName: fields.deviceName }
      const { session } = await login(attempt, caller(fields), depsFor(person))
      sessions.set(person, { userId: session.userId, sessionId: session.id })
    },
    async update(person, update) {
      await updateProfile({ actor: await actorOf(person), update, ifMatch: null }, caller(), depsFor(person))
    },
    async confirmChange(person) {
      const token = tokens.get(person) ?? ''
      const confirmation = { token, password: undefined, actor: await actorOf(person) }
      await confirmEmail(confirmation, caller(), depsFor(person))
    },
    askReset: (person, email) => requestPasswordReset(email, caller(), depsFor(person)),
    exportAll: async (person) =>
      JSON.stringify(await exportAccount(await actorOf(person), caller(), depsFor(person))),
    async remove(person) {
      await deleteAccount({ actor: await actorOf(person), password: undefined }, caller(), depsFor(person))
    },
  }
}

export function httpDoor(call: Client): Door {
  const tokens = new Map<Person, string>()
  const ok = async (asked: Promise<Answer>): Promise<Answer> => {
    const answer = await asked
    if (answer.status >= 300) throw new Error(answer.text)
    return answer
  }
  const signedIn = (person: Person): { token: string } => ({ token: tokens.get(person) ?? '' })
  return {
    async register(person, { username, email, locale, profile, idempotencyKey, userAgent }) {
      const body = { username, email, locale, profile, password: person.password }
      const headers = { 'idempotency-key': idempotencyKey, 'user-agent': userAgent }
      await ok(call('POST /users/register', { body, headers }))
    },
    async signIn(person, { username, deviceName, userAgent }) {
      const known = tokens.get(person)
      const name = known ? (await ok(call('GET /users/profile', signedIn(person)))).body.username : username
      const body = { username: name, password: person.password, device_name: deviceName }
      const { body: answer } = await ok(
        call('POST /users/login', { body, headers: { 'user-agent': userAgent } }),
      )
      tokens.set(person, answer.access_token)
    },
    async update(person, update) {
      await ok(call('PUT /users/profile', { ...signedIn(person), body: update }))
    },
    async confirmChange(person, email) {
      const mail = await mailTo(call, email, 'change_email')
      await ok(call(`POST /users/verify-email/${mail.tokens[0]}`, signedIn(person)))
    },
    askReset: async (_person, email) =>
      void (await ok(call('POST /users/reset-password', { body: { email } }))),
    exportAll: async (person) => (await ok(call('GET /users/export', signedIn(person)))).text,
    async remove(person) {
      const { password } = person
      await ok(call('DELETE /users/delete', { ...signedIn(person), body: { password } }))
    },
  }
}
