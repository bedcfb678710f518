/** The store on a MongoDB replica set or sharded cluster: every verb guarded, bounded and put together. */
import type { CommandStartedEvent } from 'mongodb'
import { mongodb as limits } from '../../domain/limits.ts'
import type { DomainError } from '../../domain/errors.ts'
import type { Clock, Log } from '../../domain/ports/runtime.ts'
import type { AdministrationStore } from '../../domain/ports/administration.ts'
import type { CopyingStore } from '../../domain/ports/copying.ts'
import type { Store } from '../../domain/ports/store.ts'
import { changeAccess, signOutUser } from './access.ts'
import { appendAudit, listAudit } from './audit.ts'
import { mailBacklog } from './backlog.ts'
import { createConnection, type Connection } from './connection.ts'
import { beginCopy, countRecords, endCopy, isEmpty, writeRecords } from './copies.ts'
import { hit } from './counters.ts'
import { endEverything, findDeletions, listDeletions, listUserIds, putDeletions } from './deletion-ledger.ts'
import { confirmEmail } from './email-confirmation.ts'
import { bears } from './identifiers.ts'
import { listInboxMessages, putInboxMessage } from './inbox.ts'
import { loadKeys, swapKeys } from './keys.ts'
import { createLookups, nobody, type Lookups } from './lookups.ts'
import { startLife, type Guard, type Life } from './life.ts'
import { createMailDesk } from './mail.ts'
import { changePassword, resetPassword, upgradePasswordHash } from './passwords.ts'
import { createUpdateGroup, isPlain } from './profile-update.ts'
import { createRotationGroup, rotateSession } from './session-rotation.ts'
import {
  endSessions,
  findSession,
  liveSessions,
  openSession,
  renewSession,
  type Workshop,
} from './sessions.ts'
import { createFirstAdmin, hasAdmin, peekSetupToken, putSetupToken } from './set-up.ts'
import { readRecords } from './records.ts'
import { sweep } from './sweep.ts'
import { createTokenGroup, peekToken } from './tokens.ts'
import { createTransact } from './transactions.ts'
import { addUsers, checkUsers } from './user-additions.ts'
import { deleteUser } from './user-deletion.ts'
import { exportUser } from './user-export.ts'
import { listUsers } from './user-list.ts'
import { createUser, updateWithTrail } from './users.ts'
import { verify } from './verification.ts'

/** Where the store lies, and what it takes from its process. */
export interface MongodbOptions {
  readonly url: string
  readonly clock: Clock
  readonly log: Log
  /** A database that was away at the start turns out to be one that can't be used. */
  readonly onIncompatible?: ((error: DomainError) => void) | undefined
  /** See `StoreOptions`. */
  readonly use?: 'copy-from' | 'copy-to' | undefined
  /** Sees every command before it is sent; for counting them. */
  readonly onCommand?: ((command: CommandStartedEvent) => void) | undefined
  readonly appName?: string | undefined
}

/**
 * Opens the store. A database that can't be reached is no error: the store then is not writable, its steps
 * throw `store_unavailable`, and it goes on trying. Throws `start_refused` for a URL that can't be read and
 * `store_incompatible` for a database that can't be used.
 */
export async function openMongodbStore(options: MongodbOptions): Promise<Store> {
  const connection = createConnection(options)
  const life = await startLife(connection, options)
  const workshop: Workshop = {
    collections: connection.collections,
    lookups: createLookups(connection),
    transact: createTransact(connection),
  }
  return {
    ...reads(workshop, life.read),
    ...hotWrites(connection, workshop, life.write),
    ...transactions(workshop, life.write),
    ...administration(workshop, life),
    ...ledger(workshop, life),
    ...copying(workshop, life),
    ...upkeep(connection, workshop, life),
  }
}

/** For what goes through many pages: each of its commands is bounded, the whole is not. */
const unbounded = { ms: Infinity } as const

type Methods<Name extends keyof Store> = Pick<Store, Name>

function reads(
  workshop: Workshop,
  guard: Guard,
): Methods<
  | 'findUser'
  | 'findUserByIdentifier'
  | 'findSession'
  | 'listSessions'
  | 'peekToken'
  | 'listInboxMessages'
  | 'loadKeys'
> {
  const { collections, lookups } = workshop
  return {
    findUser: guard(({ id }) => lookups.user(id)),
    findUserByIdentifier: guard(({ key }) => findByIdentifier(lookups, key)),
    findSession: guard((query) => findSession(workshop, query)),
    listSessions: guard((query) => liveSessions(workshop, query)),
    peekToken: guard((query) => peekToken(collections, lookups, query)),
    listInboxMessages: guard((query) => listInboxMessages(collections, query)),
    loadKeys: guard(() => loadKeys(collections)),
  }
}

/**
 * Claim and user, always both: a stranger costs what a user costs. A claim whose user bears another name by
 * now, or is not there yet, leads to nobody, and so does one whose user is `pending`.
 */
async function findByIdentifier(lookups: Lookups, key: string): ReturnType<Store['findUserByIdentifier']> {
  const claimed = /^[eu]:/.test(key) ? await lookups.holder(key) : await lookups.holder('none')
  const user = await lookups.user(claimed ?? nobody)
  return user && claimed && user.status !== 'pending' && bears(user, key) ? user : null
}

function hotWrites(
  connection: Connection,
  workshop: Workshop,
  guard: Guard,
): Methods<'updateProfile' | 'rotateSession' | 'putToken' | 'hit'> {
  const { collections } = workshop
  const updates = createUpdateGroup(collections)
  const tokens = createTokenGroup(collections)
  const rotating = { ...workshop, rotations: createRotationGroup(connection) }
  return {
    updateProfile: guard((change, trail) =>
      trail === null && isPlain(change) ? updates.write(change) : updateWithTrail(workshop, change, trail),
    ),
    rotateSession: guard((rotation, trail) => rotateSession(rotating, rotation, trail)),
    putToken: guard((token, mail) => tokens.write({ token, mail })),
    hit: guard((attempt) => hit(collections, attempt)),
  }
}

function transactions(
  workshop: Workshop,
  guard: Guard,
): Methods<
  | 'createUser'
  | 'confirmEmail'
  | 'resetPassword'
  | 'changePassword'
  | 'upgradePasswordHash'
  | 'deleteUser'
  | 'openSession'
  | 'renewSession'
  | 'endSessions'
  | 'putInboxMessage'
  | 'swapKeys'
> {
  return {
    createUser: guard((creation, trail) => createUser(workshop, creation, trail)),
    confirmEmail: guard((confirmation, trail) => confirmEmail(workshop, confirmation, trail)),
    resetPassword: guard((reset, trail) => resetPassword(workshop, reset, trail)),
    upgradePasswordHash: guard((upgrade) => upgradePasswordHash(workshop, upgrade)),
    changePassword: guard((change, trail) => changePassword(workshop, change, trail)),
    deleteUser: guard((deletion, trail) => deleteUser(workshop, deletion, trail)),
    openSession: guard((session, trail) => openSession(workshop, session, trail)),
    renewSession: guard((renewal, trail) => renewSession(workshop, renewal, trail)),
    endSessions: guard((which, trail) => endSessions(workshop, which, trail)),
    putInboxMessage: guard((message, most) => putInboxMessage(workshop, message, most)),
    swapKeys: guard((swap, trail) => swapKeys(workshop, swap, trail)),
  }
}

function administration(workshop: Workshop, { read, write }: Life): Methods<keyof AdministrationStore> {
  const { collections } = workshop
  return {
    listUsers: read((query) => listUsers(collections, query)),
    listAudit: read((query) => listAudit(collections, query)),
    changeAccess: write((change, trail) => changeAccess(workshop, change, trail)),
    signOutUser: write((which, trail) => signOutUser(workshop, which, trail)),
    addUsers: write((batch, trail) => addUsers(workshop, batch, trail), unbounded),
    checkUsers: read((batch) => checkUsers(collections, batch)),
    hasAdmin: read(() => hasAdmin(collections)),
    putSetupToken: write((token) => putSetupToken(collections, token)),
    peekSetupToken: read((presented) => peekSetupToken(collections, presented)),
    createFirstAdmin: write((creation, trail) => createFirstAdmin(workshop, creation, trail)),
    mailBacklog: read(() => mailBacklog(collections)),
    verify: read((query) => verify(workshop, query), unbounded),
  }
}

function ledger(
  { collections }: Workshop,
  { read, write }: Life,
): Methods<'backUp' | 'listUserIds' | 'listDeletions' | 'putDeletions' | 'findDeletions' | 'endEverything'> {
  return {
    backUp: async () => ({ kind: 'unsupported' }),
    listUserIds: read((query) => listUserIds(collections, query)),
    listDeletions: read((query) => listDeletions(collections, query)),
    putDeletions: write((deletions) => putDeletions(collections, deletions)),
    findDeletions: read((hashes) => findDeletions(collections, hashes)),
    endEverything: write(() => endEverything(collections), unbounded),
  }
}

function copying(workshop: Workshop, { read, write }: Life): Methods<keyof CopyingStore> {
  const { collections } = workshop
  return {
    readRecords: read((query) => readRecords(collections, query), unbounded),
    writeRecords: write((batch) => writeRecords(collections, batch), unbounded),
    countRecords: read(() => countRecords(collections)),
    isEmpty: read(() => isEmpty(collections)),
    beginCopy: write((copy) => beginCopy(collections, copy)),
    endCopy: write(() => endCopy(workshop), unbounded),
  }
}

function upkeep(
  connection: Connection,
  workshop: Workshop,
  life: Life,
): Methods<
  | 'claimMail'
  | 'finishMail'
  | 'retryMail'
  | 'appendAudit'
  | 'exportUser'
  | 'sweep'
  | 'scrub'
  | 'health'
  | 'close'
> {
  const { collections, transact } = workshop
  const { read, write } = life
  const desk = createMailDesk(collections, transact)
  return {
    claimMail: write((claim) => desk.claim(claim)),
    finishMail: write((mail) => desk.finish(mail)),
    retryMail: write((mail) => desk.retry(mail)),
    appendAudit: write((event) => appendAudit(collections, event)),
    exportUser: read((query) => exportUser(connection, query), unbounded),
    sweep: write(async (at) => ({ deleted: await sweep(workshop, at) }), unbounded),
    // The servers reuse free space by themselves; what is left in it until then is said in each receipt.
    scrub: write(async () => undefined),
    health: () => life.health(limits.healthMs),
    close: life.close,
  }
}
