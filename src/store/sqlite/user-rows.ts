/** The table of users: its rows, and the two writes that every other file uses. */
import type { SQLInputValue } from 'node:sqlite'
import type { Id, Ms } from '../../domain/ports/runtime.ts'
import type { User } from '../../domain/user.ts'
import type { Database, Values } from './connection.ts'
import {
  id,
  idBytes,
  integer,
  jsonObject,
  jsonTexts,
  maybeInteger,
  maybeText,
  oneOf,
  text,
  type Row,
} from './rows.ts'

export const statuses = ['active', 'disabled', 'pending'] as const

const columns = [
  'id',
  'username',
  'email',
  'email_verified',
  'pending_email',
  'password_hash',
  'roles',
  'status',
  'locale',
  'profile',
  'created_at',
  'updated_at',
  'last_sign_in_at',
  'version',
  'epoch',
  'device_epoch',
]

/** The columns that `userOf` reads, of the table or alias `u`. */
export const userColumns = columns.map((column) => `u.${column}`).join(', ')

export const sql = {
  byId: `SELECT ${userColumns} FROM users u WHERE u.id = :id`,
  exists: 'SELECT 1 FROM users WHERE id = :id',
  insert: `INSERT INTO users (id, username, email, email_verified, pending_email, password_hash, roles, admin,
      status, locale, profile, created_at, updated_at, last_sign_in_at, version, epoch, device_epoch)
    VALUES (:id, :username, :email, :emailVerified, :pendingEmail, :passwordHash, :roles, :admin, :status,
      :locale, :profile, :createdAt, :updatedAt, :lastSignInAt, :version, :epoch, :deviceEpoch)`,
  /** By place: this one is for many. */
  add: `INSERT INTO users (id, username, email, email_verified, password_hash, roles, admin, status, locale,
      profile, created_at, updated_at, last_sign_in_at, version, epoch, device_epoch)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
  update: `UPDATE users SET username = :username, email = :email, email_verified = :emailVerified,
      pending_email = :pendingEmail, password_hash = :passwordHash, roles = :roles, admin = :admin,
      status = :status, locale = :locale, profile = :profile, updated_at = :updatedAt,
      last_sign_in_at = :lastSignInAt, version = :version, epoch = :epoch, device_epoch = :deviceEpoch
    WHERE id = :id`,
  upgradeHash: 'UPDATE users SET password_hash = :to WHERE id = :id AND password_hash = :from',
  signedIn: 'UPDATE users SET last_sign_in_at = :now WHERE id = :id',
  erase: 'DELETE FROM users WHERE id = :id',
  anyAdmin: `SELECT 1 FROM users
    WHERE admin = 1 AND status = 'active' AND password_hash IS NOT NULL LIMIT 1`,
  otherAdmin: `SELECT 1 FROM users
    WHERE admin = 1 AND status = 'active' AND password_hash IS NOT NULL AND id <> :id LIMIT 1`,
} as const

export function findUser(db: Database, userId: Id): User | null {
  const row = db.get(sql.byId, { id: idBytes(userId) })
  return row ? userOf(row) : null
}

export function userExists(db: Database, userId: Id): boolean {
  return db.get(sql.exists, { id: idBytes(userId) }) !== undefined
}

export function insertUser(db: Database, user: User): void {
  db.run(sql.insert, { ...mutable(user), createdAt: user.createdAt })
}

/** The columns of one of many behind its id, in the order of the statement. */
export function addedColumns(user: User): readonly SQLInputValue[] {
  return [
    user.username,
    user.email,
    Number(user.emailVerified),
    user.passwordHash,
    JSON.stringify(user.roles),
    Number(isAdmin(user)),
    user.status,
    user.locale,
    JSON.stringify(user.profile),
    user.createdAt,
    user.updatedAt,
    user.lastSignInAt,
    user.version,
    user.epoch,
    user.deviceEpoch,
  ]
}

/** Adds one of many; false where its id is there already. */
export function addUserRow(db: Database, userId: Uint8Array, columns: readonly SQLInputValue[]): boolean {
  return db.run(sql.add, [userId, ...columns]) === 1
}

/** Writes every column of a user that may change. */
export function saveUser(db: Database, user: User): void {
  db.run(sql.update, mutable(user))
}

export function recordSignIn(db: Database, userId: Id, now: Ms): void {
  db.run(sql.signedIn, { id: idBytes(userId), now })
}

/** Takes the row away; everything that refers to it has to be gone already. */
export function eraseUserRow(db: Database, userId: Uint8Array): void {
  db.run(sql.erase, { id: userId })
}

/** See `Store.hasAdmin`. */
export function hasAdmin(db: Database): boolean {
  return db.get(sql.anyAdmin) !== undefined
}

/** Whether this is an admin: role, status active, a password. */
export function countsAsAdmin(user: User): boolean {
  return isAdmin(user) && user.status === 'active' && user.passwordHash !== null
}

/** Whether this is an admin and no other one would be left. */
export function isLastAdmin(db: Database, user: User): boolean {
  return countsAsAdmin(user) && db.get(sql.otherAdmin, { id: idBytes(user.id) }) === undefined
}

export function userOf(row: Row): User {
  return {
    id: id(row, 'id'),
    username: text(row, 'username'),
    email: text(row, 'email'),
    emailVerified: integer(row, 'email_verified') === 1,
    pendingEmail: maybeText(row, 'pending_email'),
    passwordHash: maybeText(row, 'password_hash'),
    roles: jsonTexts(row, 'roles'),
    status: oneOf(row, 'status', statuses),
    locale: text(row, 'locale'),
    profile: jsonObject(row, 'profile'),
    createdAt: integer(row, 'created_at'),
    updatedAt: integer(row, 'updated_at'),
    lastSignInAt: maybeInteger(row, 'last_sign_in_at'),
    version: integer(row, 'version'),
    epoch: integer(row, 'epoch'),
    deviceEpoch: integer(row, 'device_epoch'),
  }
}

function mutable(user: User): Values {
  return {
    id: idBytes(user.id),
    username: user.username,
    email: user.email,
    emailVerified: Number(user.emailVerified),
    pendingEmail: user.pendingEmail,
    passwordHash: user.passwordHash,
    roles: JSON.stringify(user.roles),
    admin: Number(isAdmin(user)),
    status: user.status,
    locale: user.locale,
    profile: JSON.stringify(user.profile),
    updatedAt: user.updatedAt,
    lastSignInAt: user.lastSignInAt,
    version: user.version,
    epoch: user.epoch,
    deviceEpoch: user.deviceEpoch,
  }
}

export function isAdmin(user: User): boolean {
  return user.roles.includes('admin')
}
