import { lifetimes, queues } from '../../domain/limits.ts'
import type { Trail } from '../../domain/ports/records.ts'
import type { Id, Ms } from '../../domain/ports/runtime.ts'
import type { Stale, Store } from '../../domain/ports/store.ts'
import type { NewSession, Session } from '../../domain/session.ts'
import type { User } from '../../domain/user.ts'
import { bounded, type Collections, type InSession } from './connection.ts'
import { idValue, time } from './documents.ts'
import { isDuplicate } from './failures.ts'
import type { Lookups, SessionKey } from './lookups.ts'
import {
  endOthers,
  endSession,
  insertSession,
  isAlive,
  readSession,
  sessionKey,
  sessionOf,
  sessionsOf,
} from './session-documents.ts'
import { record } from './trail.ts'
import { drop, keep, undo, type Transact } from './transactions.ts'
import { readUser, recordSignIn, setSessionsOpened, touchUser } from './user-documents.ts'

/** What a verb works on. */
export interface Workshop {
  readonly collections: Collections
  readonly lookups: Lookups
  readonly transact: Transact
}

type Opened = { readonly kind: 'opened'; readonly user: User } | Stale
type Renewed = { readonly kind: 'renewed'; readonly user: User; readonly session: Session } | Stale

/** See `Store.openSession`. The same id again is the same opening. */
export async function openSession(
  { collections, transact }: Workshop,
  session: NewSession,
  trail: Trail,
): Promise<Opened> {
  const { userId, epoch, createdAt: now } = session
  const opened = await transact<Opened | 'there'>(`user:${userId}`, async (tx) => {
    const stored = await recordSignIn(collections, { userId, epoch, now }, tx)
    if (!stored) return drop({ kind: 'stale' })
    try {
      await insertSession(collections, session, tx)
    } catch (error) {
      if (isDuplicate(error)) return undo('there')
      throw error
    }
    if (stored.sessionsOpened > queues.sessionsPerUser) await makeRoom(collections, session, tx)
    await record(collections, { trail, alive: userId }, tx)
    return keep({ kind: 'opened', user: stored.user })
  })
  if (opened !== 'there') return opened
  return transact<Opened>(`user:${userId}`, async (tx) => {
    const user = (await readUser(collections, userId, tx))?.user
    const there = await readSession(collections, { userId, sessionId: session.id }, tx)
    return drop(user && there ? { kind: 'opened', user } : { kind: 'stale' })
  })
}

/** Counts, and ends what is too much: dead ones first, then the least recently used, never the new one. */
async function makeRoom(collections: Collections, session: NewSession, tx: InSession): Promise<void> {
  const { userId, epoch, createdAt: now } = session
  const others = (await sessionsOf(collections, userId, tx)).filter(({ id }) => id !== session.id)
  const isDead = (each: Session): boolean => each.expiresAt <= now || each.epoch !== epoch
  const surplus = others
    .toSorted(
      (one, other) =>
        Number(isDead(other)) - Number(isDead(one)) ||
        one.lastUsedAt - other.lastUsedAt ||
        (one.id < other.id ? -1 : 1),
    )
    .slice(0, Math.max(0, others.length + 1 - queues.sessionsPerUser))
  if (surplus.length > 0) {
    const filter = { userId: idValue(userId), _id: { $in: surplus.map(({ id }) => idValue(id)) } }
    await collections.sessions.deleteMany(filter, tx)
  }
  await setSessionsOpened(collections, { userId, count: others.length + 1 - surplus.length }, tx)
}

/**
 * See `Store.findSession`: two key reads at the same time. Where their epochs differ, a change of password
 * may have come between them: both are read once more.
 */
export async function findSession(
  { lookups }: Workshop,
  query: SessionKey & { readonly now: Ms },
): Promise<{ readonly user: User; readonly session: Session } | null> {
  const read = async (): Promise<{ user: User | null; session: Session | null }> => {
    const [user, session] = await Promise.all([lookups.user(query.userId), lookups.session(query)])
    return { user, session }
  }
  let { user, session } = await read()
  if (user && session && user.epoch !== session.epoch) ({ user, session } = await read())
  return user && session && isAlive(session, user, query.now) ? { user, session } : null
}

/** See `Store.listSessions`. */
export async function liveSessions(
  { collections, lookups }: Workshop,
  { userId, now }: { readonly userId: Id; readonly now: Ms },
): Promise<readonly Session[]> {
  const [user, found] = await Promise.all([
    lookups.user(userId),
    collections.sessions.find({ userId: idValue(userId) }, bounded).toArray(),
  ])
  return found
    .map(sessionOf)
    .filter((session) => isAlive(session, user, now))
    .toSorted((one, other) => other.lastUsedAt - one.lastUsedAt || (one.id < other.id ? 1 : -1))
    .slice(0, queues.sessionsPerUser)
}

/** See `Store.renewSession`. */
export async function renewSession(
  { collections, transact }: Workshop,
  renewal: Parameters<Store['renewSession']>[0],
  trail: Trail,
): Promise<Renewed> {
  const { userId, now } = renewal
  return transact<Renewed>(`user:${userId}`, async (tx) => {
    const user = (await touchUser(collections, userId, tx))?.user
    const before = await readSession(collections, renewal, tx)
    if (user?.epoch !== renewal.expectEpoch || !before || !isAlive(before, user, now)) {
      return drop({ kind: 'stale' })
    }
    const session: Session = {
      ...before,
      generation: before.generation + 1,
      refreshKeyId: renewal.refreshKeyId,
      rotatedAt: now,
      lastUsedAt: now,
      authTime: now,
      expiresAt: Math.min(renewal.idleEndsAt, before.createdAt + lifetimes.sessionAbsoluteMs),
    }
    await saveRenewed(collections, session, tx)
    await record(collections, { trail, alive: userId }, tx)
    return keep({ kind: 'renewed', user, session })
  })
}

async function saveRenewed({ sessions }: Collections, session: Session, tx: InSession): Promise<void> {
  const change = {
    generation: session.generation,
    refreshKeyId: session.refreshKeyId,
    rotatedAt: time(session.rotatedAt),
    repeats: 0,
    lastUsedAt: time(session.lastUsedAt),
    authTime: time(session.authTime),
    expiresAt: time(session.expiresAt),
    purgeAt: time(session.expiresAt + lifetimes.purgeDelayMs),
  }
  await sessions.updateOne(sessionKey({ ...session, sessionId: session.id }), { $set: change }, tx)
}

/** See `Store.endSessions`. Where none ends, nothing is recorded. */
export async function endSessions(
  { collections, transact }: Workshop,
  which: Parameters<Store['endSessions']>[0],
  trail: Trail,
): Promise<{ readonly ended: number }> {
  const { userId, now } = which
  return transact<{ ended: number }>(`user:${userId}`, async (tx) => {
    const user = (await readUser(collections, userId, tx))?.user
    const sessions = await sessionsOf(collections, userId, tx)
    const isMeant = ({ id }: Session): boolean =>
      'only' in which ? id === which.only : id !== which.allExcept
    const meant = sessions.filter(isMeant)
    if (meant.length === 0) return drop({ ended: 0 })
    const ended = meant.filter((session) => isAlive(session, user, now)).length
    if ('only' in which) await endSession(collections, { userId, sessionId: which.only }, tx)
    else await endOthers(collections, { userId, sessionId: which.allExcept }, tx)
    if (ended > 0) await record(collections, { trail, alive: userId }, tx)
    return keep({ ended })
  })
}
