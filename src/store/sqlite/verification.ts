/** The data checked against itself, a stretch at a time: users, claims, whatever else holds a user. */
import { lists } from '../../domain/limits.ts'
import type { Finding } from '../../domain/ports/administration.ts'
import type { Store } from '../../domain/ports/store.ts'
import type { User } from '../../domain/user.ts'
import { atOnce, type Database } from './connection.ts'
import { claimsOf, holderOf } from './identifiers.ts'
import { registry } from './registry.ts'
import { bytes, id, integer, text, type Row } from './rows.ts'
import { isAdmin, userColumns, userOf } from './user-rows.ts'

type Verified = Awaited<ReturnType<Store['verify']>>

/** One stretch; `last` is the key of its last row, null at the end of its table. */
interface Stretch {
  readonly checked: number
  readonly findings: readonly Finding[]
  readonly last: string | null
}

type Check = (db: Database, after: string) => Stretch

export const sql = {
  users: `SELECT ${userColumns}, u.admin FROM users u WHERE u.id > :after ORDER BY u.id
    LIMIT ${lists.verifyStep}`,
  claims: `SELECT i.key, ${userColumns} FROM identifiers i LEFT JOIN users u ON u.id = i.user_id
    WHERE i.key > :after ORDER BY i.key LIMIT ${lists.verifyStep}`,
} as const

const holders = registry
  .filter(({ erase, name }) => erase !== null && name !== 'identifiers')
  .map(({ name }) => ({ name, statement: holdersIn(name) }))

const checks: readonly Check[] = [
  checkUsers,
  checkClaims,
  ...holders.map(
    ({ name, statement }): Check =>
      (db, after) =>
        checkHolders(db, { name, statement, after }),
  ),
]

/** The statements by which the other tables are checked, for a look at their plans. */
export const holderStatements: readonly string[] = holders.map(({ statement }) => statement)

/** See `Store.verify`. The cursor: the number of the check, and after which key it goes on. */
export function verify(db: Database, { cursor }: Parameters<Store['verify']>[0]): Verified {
  const [number, after = ''] = (cursor ?? '0').split(/ (.*)/s)
  const place = Number(number)
  const check = checks[place]
  if (!check) throw new Error('This is no cursor of a verification.')
  const { checked, findings, last } = atOnce(db, () => check(db, after))
  if (last !== null) return { checked, findings, cursor: `${place} ${last}` }
  return { checked, findings, cursor: place + 1 < checks.length ? `${place + 1}` : null }
}

function checkUsers(db: Database, after: string): Stretch {
  const rows = db.all(sql.users, { after: Buffer.from(after, 'hex') })
  return stretch(rows, { findings: rows.flatMap((row) => checkUser(db, row)), key: (row) => hex(row, 'id') })
}

function checkUser(db: Database, row: Row): readonly Finding[] {
  const where = 'users'
  const user = readable(row)
  if (!user) return [finding('value_unreadable', where, id(row, 'id'))]
  const missing = claimsOf(user).filter(({ key }) => holderOf(db, key) !== user.id)
  const findings = missing.map(() => finding('user_without_claim', where, user.id))
  if ((integer(row, 'admin') === 1) === isAdmin(user)) return findings
  return [...findings, finding('admin_count_wrong', where, user.id)]
}

function readable(row: Row): User | null {
  try {
    const user = userOf(row)
    claimsOf(user)
    return user
  } catch {
    return null
  }
}

function checkClaims(db: Database, after: string): Stretch {
  const rows = db.all(sql.claims, { after })
  return stretch(rows, { findings: rows.flatMap(checkClaim), key: (row) => text(row, 'key') })
}

/** A claim that is none of its user's keeps everybody else from the name, like one of nobody. */
function checkClaim(row: Row): readonly Finding[] {
  const [key, where] = [text(row, 'key'), 'identifiers']
  const isName = key.startsWith('e:') || key.startsWith('u:')
  if (row['id'] === null) return [finding(isName ? 'claim_without_user' : 'row_without_user', where, key)]
  const user = isName ? readable(row) : null
  if (!user || claimsOf(user).some((claim) => claim.key === key)) return []
  return [finding('claim_without_user', where, key)]
}

/** The users that a table names, each once, and whether they are there. */
function holdersIn(table: string): string {
  return `SELECT user_id, EXISTS (SELECT 1 FROM users u WHERE u.id = user_id) AS there FROM ${table}
    WHERE user_id > :after GROUP BY user_id ORDER BY user_id LIMIT ${lists.verifyStep}`
}

function checkHolders(
  db: Database,
  { name, statement, after }: { readonly name: string; readonly statement: string; readonly after: string },
): Stretch {
  const rows = db.all(statement, { after: Buffer.from(after, 'hex') })
  const orphans = rows.filter((row) => integer(row, 'there') === 0)
  const findings = orphans.map((row) => finding('row_without_user', name, id(row, 'user_id')))
  return stretch(rows, { findings, key: (row) => hex(row, 'user_id') })
}

function stretch(
  rows: readonly Row[],
  { findings, key }: { readonly findings: readonly Finding[]; key(row: Row): string },
): Stretch {
  const last = rows.length === lists.verifyStep ? rows.at(-1) : undefined
  return { checked: rows.length, findings, last: last ? key(last) : null }
}

function finding(kind: Finding['kind'], where: string, id: string): Finding {
  return { kind, where, id }
}

function hex(row: Row, column: string): string {
  return Buffer.from(bytes(row, column)).toString('hex')
}
