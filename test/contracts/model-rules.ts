/**
 * The rules of the store as functions on plain data: no second store, only what the model test has to predict. Written
 * from the port's docstrings and not from an adapter.
 */
import type { Id, Ms } from '../../src/domain/ports/runtime.ts'
import type { NewToken } from '../../src/domain/ports/records.ts'
import type { Store } from '../../src/domain/ports/store.ts'
import type { NewSession } from '../../src/domain/session.ts'
import type { NewUser, User } from '../../src/domain/user.ts'

export interface ModelSession {
  readonly id: Id
  readonly userId: Id
  epoch: number
  generation: number
  rotatedAt: Ms
  expiresAt: Ms
}

export interface ModelToken extends NewToken {
  used: boolean
}

export interface State {
  readonly users: Map<Id, User>
  readonly sessions: Map<Id, ModelSession>
  readonly tokens: ModelToken[]
}

/** What is compared of an outcome. */
export interface Outcome {
  readonly kind: string
  readonly fields?: readonly string[]
}

export function outcomeOf(outcome: { readonly kind: string; readonly fields?: readonly string[] }): Outcome {
  return { kind: outcome.kind, ...(outcome.fields && { fields: outcome.fields }) }
}

type Wanted = Pick<NewUser, 'id' | 'username' | 'email'>

export function newcomer(wanted: Wanted, now: Ms): NewUser {
  return {
    ...wanted,
    emailVerified: false,
    passwordHash: 'first',
    roles: ['user'],
    status: 'active',
    locale: 'en',
    profile: {},
    createdAt: now,
  }
}

export function holderOf(state: State, key: string): User | undefined {
  return [...state.users.values()].find((user) => key === `u:${user.username}` || key === `e:${user.email}`)
}

export function sessionsOf(state: State, userId: Id): ModelSession[] {
  return [...state.sessions.values()].filter((session) => session.userId === userId)
}

export function isAlive(state: State, session: ModelSession, now: Ms): boolean {
  return session.expiresAt > now && session.epoch === state.users.get(session.userId)?.epoch
}

export function register(state: State, wanted: Wanted, now: Ms): Outcome {
  if (state.users.has(wanted.id)) return { kind: 'repeated' }
  const fields = [
    ...(holderOf(state, `e:${wanted.email}`) ? ['email'] : []),
    ...(holderOf(state, `u:${wanted.username}`) ? ['username'] : []),
  ]
  if (fields.length > 0) return { kind: 'conflict', fields }
  const rest = {
    pendingEmail: null,
    updatedAt: now,
    lastSignInAt: null,
    version: 1,
    epoch: 1,
    deviceEpoch: 1,
  }
  state.users.set(wanted.id, { ...newcomer(wanted, now), ...rest })
  return { kind: 'created' }
}

export function open(state: State, session: NewSession): Outcome {
  const user = state.users.get(session.userId)
  if (user?.epoch !== session.epoch) return { kind: 'stale' }
  state.sessions.set(session.id, { ...session, generation: 1, rotatedAt: session.createdAt })
  state.users.set(user.id, { ...user, lastSignInAt: session.createdAt })
  return { kind: 'opened' }
}

type Rotation = Omit<Parameters<Store['rotateSession']>[0], 'refreshKeyId'>

export function rotate(state: State, rotation: Rotation): Outcome {
  const session = state.sessions.get(rotation.sessionId)
  if (!session || session.epoch !== state.users.get(session.userId)?.epoch) return { kind: 'gone' }
  if (session.expiresAt <= rotation.now) return { kind: 'expired' }
  const behind = session.generation - rotation.generation
  if (behind < 0) return { kind: 'gone' }
  if (behind === 0) {
    session.generation += 1
    session.rotatedAt = rotation.now
    session.expiresAt = rotation.idleEndsAt
    return { kind: 'rotated' }
  }
  if (behind === 1 && rotation.now - session.rotatedAt <= rotation.repeatMs) return { kind: 'repeated' }
  state.sessions.delete(session.id)
  return { kind: behind > 1 ? 'reused' : 'gone' }
}

export function rename(
  state: State,
  userId: Id,
  to: { readonly username: string; readonly now: Ms },
): Outcome {
  const user = state.users.get(userId)
  if (!user) return { kind: 'not_found' }
  const holder = holderOf(state, `u:${to.username}`)
  if (holder && holder.id !== userId) return { kind: 'conflict', fields: ['username'] }
  const version = user.version + 1
  state.users.set(userId, { ...user, username: to.username, version, updatedAt: to.now })
  return { kind: 'updated' }
}

export function askAddress(state: State, token: NewToken, now: Ms): Outcome {
  const user = state.users.get(token.userId ?? '')
  if (!user) return { kind: 'not_found' }
  const holder = holderOf(state, `e:${token.email}`)
  if (holder && holder.id !== user.id && holder.emailVerified) return { kind: 'conflict', fields: ['email'] }
  const version = user.version + 1
  state.users.set(user.id, { ...user, pendingEmail: token.email, version, updatedAt: now })
  put(state, token)
  return { kind: 'updated' }
}

export function put(state: State, token: NewToken): void {
  state.tokens.push({ ...token, used: false })
}

/** The user for whom a token would be redeemed now. */
function redeemable(state: State, token: ModelToken, now: Ms): User | undefined {
  const user = state.users.get(token.userId ?? '')
  const address = token.kind === 'change_email' ? user?.pendingEmail : user?.email
  const right = token.epoch === user?.epoch && token.email === address
  return right && !token.used && token.expiresAt > now ? user : undefined
}

export function confirm(
  state: State,
  token: ModelToken,
  by: { readonly userId: Id; readonly now: Ms },
): Outcome {
  const user = redeemable(state, token, by.now)
  if (!user || user.id !== by.userId || token.kind !== 'change_email') return { kind: 'stale' }
  const holder = holderOf(state, `e:${token.email}`)
  if (holder && holder.id !== user.id) {
    if (holder.emailVerified) return { kind: 'conflict', fields: ['email'] }
    erase(state, holder.id)
  }
  token.used = true
  const moved = { email: token.email, emailVerified: true, pendingEmail: null }
  state.users.set(user.id, { ...user, ...moved, version: user.version + 1, updatedAt: by.now })
  return { kind: 'confirmed' }
}

function withPassword(user: User, passwordHash: string, now: Ms): User {
  const { epoch, version } = user
  return { ...user, passwordHash, pendingEmail: null, epoch: epoch + 1, version: version + 1, updatedAt: now }
}

export function reset(
  state: State,
  token: ModelToken,
  to: { readonly passwordHash: string; readonly now: Ms },
): Outcome {
  const user = redeemable(state, token, to.now)
  if (!user || token.kind !== 'reset_password') return { kind: 'stale' }
  for (const session of sessionsOf(state, user.id)) state.sessions.delete(session.id)
  state.users.set(user.id, {
    ...withPassword(user, to.passwordHash, to.now),
    emailVerified: true,
    deviceEpoch: user.deviceEpoch + 1,
  })
  return { kind: 'reset' }
}

export function changePassword(state: State, change: Parameters<Store['changePassword']>[0]): Outcome {
  const user = state.users.get(change.userId)
  const own = state.sessions.get(change.sessionId)
  if (!user || user.epoch !== change.expectEpoch) return { kind: 'stale' }
  if (!own || !isAlive(state, own, change.now)) return { kind: 'stale' }
  for (const { id } of sessionsOf(state, user.id)) if (id !== own.id) state.sessions.delete(id)
  own.epoch += 1
  state.users.set(user.id, withPassword(user, change.passwordHash, change.now))
  return { kind: 'changed' }
}

export function endOthers(state: State, kept: ModelSession, now: Ms): number {
  const others = sessionsOf(state, kept.userId).filter(({ id }) => id !== kept.id)
  const alive = others.filter((session) => isAlive(state, session, now)).length
  for (const { id } of others) state.sessions.delete(id)
  return alive
}

/** A role that is lost ends what the epoch guards; a gained one does not. */
export function changeRoles(
  state: State,
  change: Pick<Parameters<Store['changeAccess']>[0], 'userId' | 'expectRoles' | 'now'> & {
    readonly roles: readonly string[]
  },
): Outcome {
  const user = state.users.get(change.userId)
  if (!user) return { kind: 'not_found' }
  if (user.roles.join() !== change.expectRoles.join()) return { kind: 'stale' }
  if (user.roles.join() === change.roles.join()) return { kind: 'changed' }
  const changed = { ...user, roles: change.roles, version: user.version + 1, updatedAt: change.now }
  state.users.set(user.id, changed)
  if (user.roles.some((role) => !change.roles.includes(role))) endEpoch(state, changed)
  return { kind: 'changed' }
}

export function signOut(state: State, userId: Id, now: Ms): Outcome & { readonly sessionsRevoked?: number } {
  const user = state.users.get(userId)
  if (!user) return { kind: 'not_found' }
  const sessionsRevoked = sessionsOf(state, userId).filter((session) => isAlive(state, session, now)).length
  const { version, deviceEpoch } = user
  endEpoch(state, { ...user, version: version + 1, deviceEpoch: deviceEpoch + 1, updatedAt: now })
  return { kind: 'signed_out', sessionsRevoked }
}

function endEpoch(state: State, user: User): void {
  for (const { id } of sessionsOf(state, user.id)) state.sessions.delete(id)
  state.users.set(user.id, { ...user, epoch: user.epoch + 1, pendingEmail: null })
}

export function remove(state: State, userId: Id): Outcome {
  if (!state.users.has(userId)) return { kind: 'not_found' }
  erase(state, userId)
  return { kind: 'deleted' }
}

function erase(state: State, userId: Id): void {
  for (const session of sessionsOf(state, userId)) state.sessions.delete(session.id)
  state.users.delete(userId)
}
