import type { Caller, Deps } from './deps.ts'
import { fieldError, type FieldError } from './errors.ts'
import { requireOperator, requirePermission, type Administrator } from './policy.ts'
import type { Addition } from './ports/administration.ts'
import type { Id, JsonObject } from './ports/runtime.ts'
import { auditEvent } from './trail.ts'
import { readRecord, withOtherUsername, type ReadRecord, type RecordDefaults } from './user-record.ts'
import type { MovedUser } from './user.ts'

/** Records of users that move in. */
export interface Import extends RecordDefaults {
  readonly records: readonly JsonObject[]
  /** Says what would become of them, and writes nothing. */
  readonly dryRun: boolean
}

/** What became of a record; `repeated`: a user of this id is there already, and stays as it is. */
export type ImportVerdict =
  | { readonly kind: 'imported' | 'repeated'; readonly id: Id; readonly hashLeftOut: boolean }
  | { readonly kind: 'rejected'; readonly errors: readonly FieldError[] }

type Arrival = Extract<ReadRecord, { kind: 'user' }>

/**
 * Takes users in as they were elsewhere, with their ids, times and password hashes; one verdict a record.
 * Each is held to the rules of a registration. No mail is sent. Only the operator may. Throws
 * `permission_denied`.
 */
export async function importUsers(
  { actor, batch }: { readonly actor: Administrator; readonly batch: Import },
  caller: Caller,
  deps: Deps,
): Promise<readonly ImportVerdict[]> {
  requireOperator(actor)
  requirePermission(actor, 'users:write')
  requirePermission(actor, 'roles:write')
  // A file may say of itself that it is from the future.
  const defaults = { ...batch, createdAt: Math.min(batch.createdAt, deps.clock.now()) }
  const read = batch.records.map((record) => readRecord(record, defaults, deps))
  const arrivals = read.filter((each) => each.kind === 'user')
  const add = (users: readonly MovedUser[]) => addOrCheck(users, batch, { caller, deps })
  const additions = await add(arrivals.map(({ user }) => user))
  await tryOtherUsernames(arrivals, additions, add)
  const verdicts = arrivals.map((arrival, place) => verdictOn(arrival, additions[place]))
  return read.map((each) =>
    each.kind === 'user' ? (verdicts.shift() ?? noVerdict()) : { kind: 'rejected', errors: each.errors },
  )
}

async function addOrCheck(
  users: readonly MovedUser[],
  { dryRun }: Import,
  { caller, deps }: { readonly caller: Caller; readonly deps: Deps },
): Promise<Addition[]> {
  if (users.length === 0) return []
  if (dryRun) return [...(await deps.store.checkUsers(users))]
  const happening = { action: 'import-users', userId: null, detail: `up to ${users.length} users` }
  return [...(await deps.store.addUsers(users, { audit: auditEvent(happening, caller, deps) }))]
}

/** A name that was made from the address gives way where somebody has it. */
async function tryOtherUsernames(
  arrivals: readonly Arrival[],
  additions: Addition[],
  add: (users: readonly MovedUser[]) => Promise<readonly Addition[]>,
): Promise<void> {
  const again = arrivals.flatMap(({ user, madeUsername }, place) => {
    const addition = additions[place]
    const onlyName = addition?.kind === 'conflict' && !addition.fields.includes('email')
    return madeUsername && onlyName ? [{ place, user: withOtherUsername(user) }] : []
  })
  const second = await add(again.map(({ user }) => user))
  for (const [index, { place }] of again.entries()) additions[place] = second[index] ?? noVerdict()
}

function verdictOn({ user, hashLeftOut }: Arrival, addition: Addition | undefined): ImportVerdict {
  if (addition === undefined) return noVerdict()
  if (addition.kind === 'conflict') {
    return {
      kind: 'rejected',
      errors: addition.fields.map((field) => fieldError(`/${field}`, `${field}_taken`)),
    }
  }
  return { kind: addition.kind === 'added' ? 'imported' : 'repeated', id: user.id, hashLeftOut }
}

function noVerdict(): never {
  throw new TypeError('the store gives one verdict a user')
}
