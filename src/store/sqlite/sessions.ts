import { lifetimes, queues } from '../../domain/limits.ts'
import type { Id, Ms } from '../../domain/ports/runtime.ts'
import type { Trail } from '../../domain/ports/records.ts'
import type { Stale, Store } from '../../domain/ports/store.ts'
import type { NewSession, Session } from '../../domain/session.ts'
import type { User } from '../../domain/user.ts'
import { appendAudit } from './audit.ts'
import type { Database } from './connection.ts'
import { id, idBytes, integer, maybeText, type Row } from './rows.ts'
import { record } from './trail.ts'
import { findUser, recordSignIn, userColumns, userOf } from './user-rows.ts'

const columns = [
  'id',
  'user_id',
  'epoch',
  'generation',
  'refresh_key_id',
  'rotated_at',
  'auth_time',
  'device_name',
  'user_agent',
  'created_at',
  'last_used_at',
  'expires_at',
]
const sessionColumns = columns.map((column) => `s.${column} AS s_${column}`).join(', ')
const alive = "s.expires_at > :now AND s.epoch = u.epoch AND u.status = 'active'"
const withUser = 'FROM sessions s JOIN users u ON u.id = s.user_id'

export const sql = {
  insert: `INSERT INTO sessions (user_id, id, epoch, generation, refresh_key_id, rotated_at, auth_time,
      device_name, user_agent, created_at, last_used_at, expires_at)
    VALUES (:userId, :id, :epoch, 1, :refreshKeyId, :createdAt, :createdAt, :deviceName,
      :userAgent, :createdAt, :createdAt, :expiresAt)`,
  one: `SELECT ${sessionColumns} FROM sessions s WHERE s.user_id = :userId AND s.id = :id`,
  oneAlive: `SELECT ${userColumns}, ${sessionColumns} ${withUser}
    WHERE s.user_id = :userId AND s.id = :id AND ${alive}`,
  allAlive: `SELECT ${sessionColumns} ${withUser} WHERE s.user_id = :userId AND ${alive}
    ORDER BY s.last_used_at DESC, s.id DESC LIMIT ${queues.sessionsPerUser}`,
  count: 'SELECT count(*) AS n FROM sessions WHERE user_id = :userId',
  /** Dead ones first, then the least recently used. */
  dropSurplus: `DELETE FROM sessions WHERE user_id = :userId AND id IN (
    SELECT id FROM sessions WHERE user_id = :userId
    ORDER BY (expires_at > :now AND epoch = :epoch), last_used_at, id LIMIT :surplus)`,
  rotate: `UPDATE sessions SET generation = :generation, refresh_key_id = :refreshKeyId, rotated_at = :now,
      repeats = 0, auth_time = :authTime, last_used_at = :now, expires_at = :expiresAt
    WHERE user_id = :userId AND id = :id`,
  repeat: 'UPDATE sessions SET repeats = repeats + 1 WHERE user_id = :userId AND id = :id',
  restamp: 'UPDATE sessions SET epoch = :epoch WHERE user_id = :userId AND id = :id',
  end: 'DELETE FROM sessions WHERE user_id = :userId AND id = :id',
  endOthers: 'DELETE FROM sessions WHERE user_id = :userId AND id <> :id',
  endAll: 'DELETE FROM sessions WHERE user_id = :userId',
} as const

/** See `Store.openSession`. The same id again is the same opening. */
export function openSession(
  db: Database,
  session: NewSession,
  trail: Trail,
): { readonly kind: 'opened'; readonly user: User } | Stale {
  const { userId, createdAt: now } = session
  const user = findUser(db, userId)
  if (user?.epoch !== session.epoch || user.status !== 'active') return { kind: 'stale' }
  if (findRow(db, userId, session.id)) return { kind: 'opened', user }
  makeRoom(db, session)
  db.run(sql.insert, {
    userId: idBytes(userId),
    id: idBytes(session.id),
    epoch: session.epoch,
    refreshKeyId: session.refreshKeyId,
    deviceName: session.deviceName,
    userAgent: session.userAgent,
    createdAt: now,
    expiresAt: session.expiresAt,
  })
  recordSignIn(db, userId, now)
  record(db, trail)
  return { kind: 'opened', user: { ...user, lastSignInAt: now } }
}

function makeRoom(db: Database, { userId, epoch, createdAt: now }: NewSession): void {
  const held = integer(db.get(sql.count, { userId: idBytes(userId) }) ?? {}, 'n')
  const surplus = held - queues.sessionsPerUser + 1
  if (surplus > 0) db.run(sql.dropSurplus, { userId: idBytes(userId), epoch, now, surplus })
}

/** See `Store.findSession`: one join of two key reads. */
export function findSession(
  db: Database,
  query: { readonly userId: Id; readonly sessionId: Id; readonly now: Ms },
): { readonly user: User; readonly session: Session } | null {
  const { userId, sessionId, now } = query
  const row = db.get(sql.oneAlive, { userId: idBytes(userId), id: idBytes(sessionId), now })
  return row ? { user: userOf(row), session: sessionOf(row) } : null
}

/** See `Store.listSessions`. */
export function liveSessions(
  db: Database,
  { userId, now }: { readonly userId: Id; readonly now: Ms },
): readonly Session[] {
  return db.all(sql.allAlive, { userId: idBytes(userId), now }).map(sessionOf)
}

type Rotation = Parameters<Store['rotateSession']>[0]

/** See `Store.rotateSession`. */
export function rotateSession(
  db: Database,
  rotation: Rotation,
  trail: Trail,
): Awaited<ReturnType<Store['rotateSession']>> {
  const { userId, sessionId, now } = rotation
  const user = findUser(db, userId)
  const session = findRow(db, userId, sessionId)
  if (!session || session.epoch !== user?.epoch || user.status !== 'active') return { kind: 'gone' }
  if (session.expiresAt <= now) return { kind: 'expired' }
  const behind = session.generation - rotation.generation
  if (behind < 0) return { kind: 'gone' }
  if (behind === 0) {
    return {
      kind: 'rotated',
      user,
      session: advance(db, session, { ...rotation, authTime: session.authTime }),
    }
  }
  if (behind === 1 && now - session.rotatedAt <= rotation.repeatMs) {
    db.run(sql.repeat, keyOf(rotation))
    return { kind: 'repeated', user, session }
  }
  db.run(sql.end, keyOf(rotation))
  if (behind > 1) record(db, trail)
  else appendAudit(db, trail.audit)
  return { kind: behind > 1 ? 'reused' : 'gone' }
}

/** See `Store.renewSession`. */
export function renewSession(
  db: Database,
  renewal: Parameters<Store['renewSession']>[0],
  trail: Trail,
): { readonly kind: 'renewed'; readonly user: User; readonly session: Session } | Stale {
  const found = findSession(db, renewal)
  if (found?.user.epoch !== renewal.expectEpoch) return { kind: 'stale' }
  const session = advance(db, found.session, { ...renewal, authTime: renewal.now })
  record(db, trail)
  return { kind: 'renewed', user: found.user, session }
}

/** The next generation; no session outlives its absolute end. */
function advance(
  db: Database,
  session: Session,
  next: Pick<Rotation, 'refreshKeyId' | 'now' | 'idleEndsAt'> & { readonly authTime: Ms },
): Session {
  const advanced: Session = {
    ...session,
    generation: session.generation + 1,
    refreshKeyId: next.refreshKeyId,
    rotatedAt: next.now,
    lastUsedAt: next.now,
    authTime: next.authTime,
    expiresAt: Math.min(next.idleEndsAt, session.createdAt + lifetimes.sessionAbsoluteMs),
  }
  db.run(sql.rotate, {
    userId: idBytes(session.userId),
    id: idBytes(session.id),
    generation: advanced.generation,
    refreshKeyId: advanced.refreshKeyId,
    now: next.now,
    authTime: advanced.authTime,
    expiresAt: advanced.expiresAt,
  })
  return advanced
}

/** See `Store.endSessions`. Where none ends, nothing is recorded. */
export function endSessions(
  db: Database,
  which: Parameters<Store['endSessions']>[0],
  trail: Trail,
): { readonly ended: number } {
  const { userId, now } = which
  const hit = (session: Session): boolean =>
    'only' in which ? session.id === which.only : session.id !== which.allExcept
  const ended = liveSessions(db, { userId, now }).filter(hit).length
  if ('only' in which) db.run(sql.end, keyOf({ userId, sessionId: which.only }))
  else endOthers(db, { userId, sessionId: which.allExcept })
  if (ended > 0) record(db, trail)
  return { ended }
}

/** Deletes every session of a user; says how many live ones ended. */
export function endAll(db: Database, user: User, now: Ms): number {
  const ended = liveSessions(db, { userId: user.id, now }).length
  db.run(sql.endAll, { userId: idBytes(user.id) })
  return ended
}

export function endOthers(db: Database, kept: { readonly userId: Id; readonly sessionId: Id }): void {
  db.run(sql.endOthers, keyOf(kept))
}

/** Lets one session live on under a new epoch. */
export function restamp(
  db: Database,
  stamp: { readonly userId: Id; readonly sessionId: Id; readonly epoch: number },
): void {
  db.run(sql.restamp, { ...keyOf(stamp), epoch: stamp.epoch })
}

function findRow(db: Database, userId: Id, sessionId: Id): Session | null {
  const row = db.get(sql.one, keyOf({ userId, sessionId }))
  return row ? sessionOf(row) : null
}

function keyOf({ userId, sessionId }: { readonly userId: Id; readonly sessionId: Id }): {
  userId: Uint8Array
  id: Uint8Array
} {
  return { userId: idBytes(userId), id: idBytes(sessionId) }
}

function sessionOf(row: Row): Session {
  return {
    id: id(row, 's_id'),
    userId: id(row, 's_user_id'),
    epoch: integer(row, 's_epoch'),
    generation: integer(row, 's_generation'),
    refreshKeyId: integer(row, 's_refresh_key_id'),
    rotatedAt: integer(row, 's_rotated_at'),
    authTime: integer(row, 's_auth_time'),
    deviceName: maybeText(row, 's_device_name'),
    userAgent: maybeText(row, 's_user_agent'),
    createdAt: integer(row, 's_created_at'),
    lastUsedAt: integer(row, 's_last_used_at'),
    expiresAt: integer(row, 's_expires_at'),
  }
}
