/** The requests that both worlds get: small pools, so that they get in each other's way. */
import fc from 'fast-check'
import { deleteAccount } from '../../src/domain/delete-account.ts'
import type { Caller } from '../../src/domain/deps.ts'
import { exportAccount } from '../../src/domain/export-account.ts'
import { login } from '../../src/domain/login.ts'
import { logout } from '../../src/domain/logout.ts'
import { changePassword } from '../../src/domain/password.ts'
import { updateProfile } from '../../src/domain/profile.ts'
import type { Actor } from '../../src/domain/policy.ts'
import { readUser } from '../../src/domain/read-user.ts'
import { reauthenticate } from '../../src/domain/reauthenticate.ts'
import { refresh } from '../../src/domain/refresh.ts'
import { register } from '../../src/domain/register.ts'
import {
  confirmPasswordReset,
  peekResetToken,
  requestPasswordReset,
} from '../../src/domain/reset-password.ts'
import { endOtherSessions, endSession, listSessions } from '../../src/domain/sessions.ts'
import type { SignedIn } from '../../src/domain/signed-in.ts'
import { auditEvent } from '../../src/domain/trail.ts'
import { confirmEmail, peekVerifyToken, requestEmailVerification } from '../../src/domain/verify-email.ts'
import { startDeliverer } from '../../src/mail/deliver.ts'
import { actorOn, sorted, type Side } from './differential.ts'

export interface Step {
  readonly name: keyof typeof steps
  /** Which account is meant, by its name or address. */
  readonly who: number
  readonly device: number
  /** Which password, session, link or version. */
  readonly pick: number
  readonly flag: boolean
  readonly waitMs: number
}

const usernames = ['ann', 'Bob', 'eve.x']
const addresses = ['one@example.com', 'Two@example.com', 'six@example.com']
const secretsOfOurs = ['correct horse battery', 'staple of another kind', 'nobody ever has this']

/** Under which somebody may be found. */
export const allKeys: readonly string[] = [
  ...usernames.map((name) => `u:${name.toLowerCase()}`),
  ...addresses.map((address) => `e:${address.toLowerCase()}`),
]

function of<Item>(pool: readonly Item[], index: number): Item {
  const item = pool[index % pool.length]
  if (item === undefined) throw new Error('the pool is empty')
  return item
}

function callerOf(side: Side, { device }: Step): Caller {
  return { requestId: side.deps.ids.next(), userAgent: `agent ${device}` }
}

/** Mostly the one that mostly is right. */
function passwordOf({ pick }: Step): string {
  return of(secretsOfOurs, pick === 3 ? 1 : 0)
}

/** One of the newest links, which are the likeliest to be live. */
function linkOf({ links }: Side, { pick }: Step): string {
  return links.at(-1 - (pick >> 1)) ?? 'none'
}

function keep({ devices }: Side, device: number, signed: SignedIn): SignedIn {
  const before = devices.get(device)?.refresh ?? []
  devices.set(device, { access: signed.accessToken, refresh: [...before, signed.refreshToken] })
  return signed
}

/** Whoever is signed in there; where nobody is, mostly somebody signs in first, with the password of now. */
async function actorOf(side: Side, step: Step): Promise<Actor> {
  try {
    return await actorOn(side, step.device)
  } catch (error) {
    if (step.waitMs % 4 === 0) throw error
  }
  const { deps } = side
  const user = await deps.store.findUserByIdentifier({ key: of(allKeys, step.who) })
  const identifier = { username: user?.username ?? of(usernames, step.who) }
  const password = user?.passwordHash?.replace('plain ', '') ?? ''
  const attempt = { identifier, password, deviceName: null }
  keep(side, step.device, await login(attempt, callerOf(side, step), deps))
  return actorOn(side, step.device)
}

type Play = (side: Side, step: Step) => Promise<unknown>

const accounts = {
  async register(side, step) {
    const registration = {
      username: of(usernames, step.who),
      email: of(addresses, step.flag ? step.who : step.pick),
      password: of(secretsOfOurs, 0),
      profile: { display_name: `Name ${step.pick}` },
      locale: step.flag ? 'de' : undefined,
    }
    const key = step.pick > 1 ? { idempotency: { key: 'key', body: JSON.stringify(registration) } } : {}
    const registered = await register(registration, { ...callerOf(side, step), ...key }, side.deps)
    if (registered.kind === 'created') side.users.add(registered.user.id)
    return registered
  },
  /** What no use case makes yet: administrators, disabled and confirmed accounts. */
  async seed(side, step) {
    const { store, clock, ids } = side.deps
    const user = {
      id: ids.next(),
      username: of(usernames, step.who),
      email: of(addresses, step.who),
      emailVerified: step.flag,
      passwordHash: step.pick === 3 ? null : `plain ${of(secretsOfOurs, 0)}`,
      roles: step.pick > 1 ? ['user', 'admin'] : ['user'],
      status: step.pick === 1 ? ('disabled' as const) : ('active' as const),
      locale: 'pt-BR',
      profile: { bio: 'Ünïcode 𝄞' },
      createdAt: clock.now(),
    }
    side.users.add(user.id)
    const audit = auditEvent({ action: 'seed', userId: user.id }, callerOf(side, step), side.deps)
    return store.createUser({ user }, { audit })
  },
  async update(side, step) {
    const actor = await actorOf(side, step)
    const update = {
      ...(step.pick === 0 && { username: of(usernames, step.who) }),
      ...(step.pick === 1 && { email: of(addresses, step.who) }),
      ...(step.pick === 2 && { locale: of(['en', 'fr', 'de-CH'], step.who) }),
      ...(step.pick > 1 && { profile: { given_name: `G${step.who}`, bio: step.flag ? null : 'new' } }),
    }
    const versions = [null, '*' as const, [actor.user.version], [actor.user.version - 1]]
    const ifMatch = of(versions, step.flag ? step.waitMs % 4 : 0)
    return updateProfile({ actor, update, ifMatch }, callerOf(side, step), side.deps)
  },
  async read(side, step) {
    const actor = await actorOf(side, step)
    return readUser({ actor, id: [...side.users].at(-1 - step.pick) ?? actor.user.id }, side.deps)
  },
  async exportAll(side, step) {
    const actor = await actorOf(side, step)
    const { entries, ...rest } = await exportAccount(actor, callerOf(side, step), side.deps)
    return { ...rest, entries: sorted(entries) }
  },
  async remove(side, step) {
    const actor = await actorOf(side, step)
    const password = step.flag ? passwordOf(step) : undefined
    const { retained, ...receipt } = await deleteAccount({ actor, password }, callerOf(side, step), side.deps)
    // Each engine names the places of its own where bytes stay for a while.
    return { ...receipt, retained: retained.filter(({ what }) => !what.startsWith('database_')) }
  },
} satisfies Record<string, Play>

const sessions = {
  async signIn(side, step) {
    const identifier = step.flag
      ? { username: of(usernames, step.who) }
      : { email: of(addresses, step.who).toUpperCase() }
    const password = passwordOf(step)
    const attempt = { identifier, password, deviceName: `device ${step.device}` }
    return keep(side, step.device, await login(attempt, callerOf(side, step), side.deps))
  },
  async refresh(side, step) {
    const tokens = side.devices.get(step.device)?.refresh ?? []
    const token = tokens.at(-1 - (step.flag ? 0 : step.pick)) ?? 'none'
    return keep(side, step.device, await refresh(token, callerOf(side, step), side.deps))
  },
  async reauthenticate(side, step) {
    const proof = { actor: await actorOf(side, step), password: passwordOf(step) }
    return keep(side, step.device, await reauthenticate(proof, callerOf(side, step), side.deps))
  },
  async list(side, step) {
    return listSessions(await actorOf(side, step), side.deps)
  },
  async endOne(side, step) {
    const actor = await actorOf(side, step)
    const all = await listSessions(actor, side.deps)
    const sessionId = step.flag ? of(all, step.pick).id : side.deps.ids.next()
    return endSession({ actor, sessionId }, callerOf(side, step), side.deps)
  },
  async endOthers(side, step) {
    return endOtherSessions(await actorOf(side, step), callerOf(side, step), side.deps)
  },
  async logout(side, step) {
    return logout(await actorOf(side, step), callerOf(side, step), side.deps)
  },
} satisfies Record<string, Play>

const links = {
  askReset: (side, step) => requestPasswordReset(of(addresses, step.who), callerOf(side, step), side.deps),
  askVerify: (side, step) =>
    requestEmailVerification(of(addresses, step.who), callerOf(side, step), side.deps),
  async peekReset(side, step) {
    if (step.flag) await links.askReset(side, step)
    return peekResetToken(linkOf(side, step), side.deps)
  },
  async peekVerify(side, step) {
    if (step.flag) await links.askVerify(side, step)
    return peekVerifyToken(linkOf(side, step), side.deps)
  },
  async reset(side, step) {
    if (step.flag) await links.askReset(side, step)
    const redeemed = { token: linkOf(side, step), password: of(secretsOfOurs, step.waitMs % 4 === 0 ? 1 : 0) }
    return confirmPasswordReset(redeemed, callerOf(side, step), side.deps)
  },
  async confirm(side, step) {
    if (step.who === 0) await links.askVerify(side, step)
    const actor = step.flag ? await actorOf(side, step) : null
    const password = of(secretsOfOurs, step.waitMs % 4 === 0 ? 1 : 0)
    return confirmEmail({ token: linkOf(side, step), password, actor }, callerOf(side, step), side.deps)
  },
  async changePassword(side, step) {
    const actor = await actorOf(side, step)
    const currentPassword = passwordOf(step)
    const newPassword = of(secretsOfOurs, step.waitMs % 4 === 0 ? 1 : 0)
    return changePassword({ actor, currentPassword, newPassword }, callerOf(side, step), side.deps)
  },
} satisfies Record<string, Play>

const chores = {
  /** The mail server takes everything, or nothing. */
  async deliver(side, step) {
    const { deps, inbox } = side
    const failing = { ...inbox, send: () => Promise.reject(new Error('no mail server')) }
    const { publicUrl } = deps.rules
    const transports = [step.pick === 3 ? failing : inbox] as const
    const deliverer = startDeliverer({ ...deps, transports, publicUrl })
    await deliverer.flush()
    await deliverer.stop()
    return inbox.list({})
  },
  /** How many rows went is no promise: an engine may keep a mail inside its token. */
  async sweep({ deps }) {
    await deps.store.sweep({ now: deps.clock.now() })
  },
} satisfies Record<string, Play>

export const steps = { ...accounts, ...sessions, ...links, ...chores } satisfies Record<string, Play>

const names = Object.keys(steps) as (keyof typeof steps)[]
const rare: readonly string[] = ['remove', 'sweep', 'endOne', 'endOthers', 'logout', 'seed']

const someTime = fc.oneof(
  { weight: 40, arbitrary: fc.integer({ min: 1, max: 3000 }) },
  { weight: 2, arbitrary: fc.constantFrom(61_000, 301_000, 602_000) },
  { weight: 1, arbitrary: fc.constantFrom(1_801_000, 86_401_000, 15 * 86_400_000) },
)

const anyStep: fc.Arbitrary<Step> = fc.record({
  name: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...names.filter((name) => rare.includes(name))) },
    { weight: 8, arbitrary: fc.constantFrom(...names.filter((name) => !rare.includes(name))) },
    { weight: 5, arbitrary: fc.constantFrom<keyof typeof steps>('register', 'signIn', 'signIn', 'refresh') },
    { weight: 3, arbitrary: fc.constantFrom<keyof typeof steps>('update', 'confirm', 'reset') },
  ),
  who: fc.nat({ max: 2 }),
  device: fc.nat({ max: 1 }),
  pick: fc.nat({ max: 3 }),
  flag: fc.boolean(),
  waitMs: someTime,
})

/** Somebody is there and signed in before the rest begins. */
const opening = (['register', 'signIn'] as const).map((name) => {
  return { name, who: 0, device: 0, pick: 0, flag: true, waitMs: 1 }
})

export const anySequence: fc.Arbitrary<readonly Step[]> = fc
  .array(anyStep, { minLength: 40, maxLength: 80, size: 'max' })
  .map((some) => [...opening, ...some])
