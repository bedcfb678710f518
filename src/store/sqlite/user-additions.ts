import type { Trail } from '../../domain/ports/records.ts'
import type { Store } from '../../domain/ports/store.ts'
import { firstState } from '../../domain/user-changes.ts'
import type { NewUser } from '../../domain/user.ts'
import type { Database } from './connection.ts'
import { record } from './trail.ts'
import { userExists } from './user-rows.ts'
import { insertWithClaims } from './users.ts'

type Added = Awaited<ReturnType<Store['addUsers']>>[number]

/** See `Store.addUsers`. Each user meets what those before it have claimed. */
export function addUsers(db: Database, batch: readonly NewUser[], trail: Trail): readonly Added[] {
  const verdicts = batch.map((user) => addUser(db, user))
  if (verdicts.some(({ kind }) => kind === 'added')) record(db, trail)
  return verdicts
}

function addUser(db: Database, user: NewUser): Added {
  if (userExists(db, user.id)) return { kind: 'repeated' }
  return insertWithClaims(db, firstState(user)) ?? { kind: 'added' }
}
