/** The store on one SQLite file: reads on this thread, writes in the writer thread, erasure in the upkeep. */
import { DomainError } from '../../domain/errors.ts'
import type { Clock, Log } from '../../domain/ports/runtime.ts'
import type { Store } from '../../domain/ports/store.ts'
import { createBackups, type Backups } from './backup.ts'
import { copyMethods, refuseUnfinishedCopy } from './copies.ts'
import { openDatabase, refuseOldSqlite, type Database } from './connection.ts'
import { countHits, type Buckets } from './counters.ts'
import { createPrivateFile, createPrivateFolder, locateFile, requireFile } from './data-file.ts'
import type { DataFile } from './data-file.ts'
import { ledgerMethods } from './deletion-ledger.ts'
import { failureOf, portError, unavailable } from './failures.ts'
import { listAudit } from './audit.ts'
import { findUserByKey } from './identifiers.ts'
import { listInboxMessages } from './inbox.ts'
import { loadKeys } from './keys.ts'
import { anyMailDue, mailBacklog } from './mail.ts'
import { readFact } from './meta.ts'
import type { Methods, Read, Write } from './methods.ts'
import { prepareFile } from './migrations.ts'
import { takeOwnerLock, type OwnerLock } from './owner-lock.ts'
import { migrations } from './schema.ts'
import { findSession, liveSessions } from './sessions.ts'
import { peekSetupToken } from './set-up.ts'
import { sweep } from './sweep.ts'
import { peekToken } from './tokens.ts'
import { startUpkeep, type Upkeep } from './upkeep.ts'
import { checkUsers, packUsers } from './user-additions.ts'
import { exportUser } from './user-export.ts'
import { listUsers } from './user-list.ts'
import { findUser, hasAdmin } from './user-rows.ts'
import type { VerbInput, VerbName, VerbResult } from './verbs.ts'
import { verify } from './verification.ts'
import { startWriter, type Writer } from './writer.ts'

/** Where the store lies, and what it takes from its process. */
export interface SqliteOptions {
  readonly url: string
  readonly dataDir: string
  readonly clock: Clock
  readonly log: Log
  /** See `StoreOptions`. */
  readonly use?: 'copy-from' | 'copy-to' | undefined
  /** The caller has it already, and gives it back itself. */
  readonly lock?: OwnerLock | undefined
}

interface Engine {
  readonly reader: Database
  readonly writer: Writer
  readonly upkeep: Upkeep
  readonly backups: Backups
  readonly lock: OwnerLock
  readonly counters: Buckets
  closed: Promise<void> | null
}

/**
 * Takes the owner lock, checks and migrates the file, opens it. Throws `store_incompatible` for a file or a
 * SQLite that can't be used, `start_refused` for one that can't be opened.
 */
export async function openSqliteStore(options: SqliteOptions): Promise<Store> {
  refuseOldSqlite()
  const file = locateFile(options.url, options.dataDir)
  if (options.use === 'copy-from') requireFile(file)
  const lock = await asStartError(async () => {
    createPrivateFolder(file.path)
    if (options.lock) return { release: () => undefined }
    return takeOwnerLock(file.lockPath)
  })
  try {
    return storeOf(await asStartError(() => openEngine(file, lock, options)))
  } catch (error) {
    lock.release()
    throw error
  }
}

async function openEngine(file: DataFile, lock: OwnerLock, options: SqliteOptions): Promise<Engine> {
  createPrivateFile(file.path)
  prepareFile(file.path, migrations)
  if (options.use !== 'copy-to') refuseUnfinishedCopy(file.path)
  const writer = await startWriter(file.path, options.log)
  try {
    await writer.write('releaseMail', options.clock.now())
    const reader = openDatabase(file.path, 'read')
    const upkeep = startUpkeep({
      writer,
      clock: options.clock,
      log: options.log,
      unscrubbedSince: () => readFact(reader, 'unscrubbed_since'),
    })
    const backups = createBackups({ path: file.path, clock: options.clock })
    return { reader, writer, upkeep, backups, lock, counters: new Map(), closed: null }
  } catch (error) {
    await writer.kill()
    throw error
  }
}

/** A file or folder that can't be opened is a matter for the operator, in one plain sentence. */
async function asStartError<Result>(open: () => Promise<Result>): Promise<Result> {
  try {
    return await open()
  } catch (error) {
    if (error instanceof DomainError && error.code !== 'store_unavailable') throw error
    throw new DomainError('start_refused', {
      detail:
        'The database file cannot be opened for writing: check the owner and the rights of the data folder ' +
        'and the free space of its disk.',
      cause: error,
    })
  }
}

function storeOf(engine: Engine): Store {
  const { upkeep, writer } = engine
  const read = async <Result>(from: (db: Database) => Result): Promise<Result> => {
    if (engine.closed) throw unavailable()
    try {
      return from(engine.reader)
    } catch (error) {
      throw portError(failureOf(error))
    }
  }
  const write = async <Name extends VerbName>(
    verb: Name,
    ...input: VerbInput<Name>
  ): Promise<VerbResult<Name>> => {
    if (engine.closed) throw unavailable()
    upkeep.wrote()
    return writer.write(verb, ...input)
  }
  return {
    ...reads(read),
    ...writes(write),
    ...deletions(write, upkeep),
    ...ledgerMethods(read, write),
    ...copyMethods(read, write),
    backUp: async (to) => {
      if (engine.closed) throw unavailable()
      return engine.backups.backUp(to)
    },
    close: () => (engine.closed ??= close(engine)),
    health: () => health(writer),
    exportUser: ({ userId }) => exportUser(read, userId),
    listUsers: (query) => listUsers(read, query),
    hit: async (attempt) => {
      const { results, saved } = await read((db) => countHits(db, engine.counters, attempt))
      if (saved.length > 0) await write('saveCounters', saved)
      return results
    },
    verify: (query) => verifyStep(read, query),
    claimMail: async (claim) =>
      (await read((db) => anyMailDue(db, claim.now))) ? write('claimMail', claim) : [],
    scrub: () => upkeep.scrub(),
  }
}

function reads(
  read: Read,
): Methods<
  | 'findUser'
  | 'findUserByIdentifier'
  | 'checkUsers'
  | 'findSession'
  | 'listSessions'
  | 'peekToken'
  | 'listInboxMessages'
  | 'loadKeys'
  | 'hasAdmin'
  | 'peekSetupToken'
  | 'listAudit'
  | 'mailBacklog'
> {
  return {
    findUser: ({ id }) => read((db) => findUser(db, id)),
    findUserByIdentifier: ({ key }) => read((db) => findUserByKey(db, key)),
    checkUsers: (batch) => read((db) => checkUsers(db, batch)),
    findSession: (query) => read((db) => findSession(db, query)),
    listSessions: (query) => read((db) => liveSessions(db, query)),
    peekToken: (query) => read((db) => peekToken(db, query)),
    listInboxMessages: (query) => read((db) => listInboxMessages(db, query)),
    loadKeys: () => read(loadKeys),
    hasAdmin: () => read(hasAdmin),
    peekSetupToken: (query) => read((db) => peekSetupToken(db, query)),
    listAudit: (query) => read((db) => listAudit(db, query)),
    mailBacklog: () => read(mailBacklog),
  }
}

function writes(
  write: Write,
): Methods<
  | 'createUser'
  | 'addUsers'
  | 'createFirstAdmin'
  | 'putSetupToken'
  | 'updateProfile'
  | 'changeAccess'
  | 'changePassword'
  | 'upgradePasswordHash'
  | 'openSession'
  | 'rotateSession'
  | 'renewSession'
  | 'endSessions'
  | 'signOutUser'
  | 'putToken'
  | 'finishMail'
  | 'retryMail'
  | 'putInboxMessage'
  | 'swapKeys'
  | 'appendAudit'
> {
  return {
    createUser: (creation, trail) => write('createUser', creation, trail),
    addUsers: async (batch, trail) => write('addUsers', packUsers(batch), trail),
    createFirstAdmin: (creation, trail) => write('createFirstAdmin', creation, trail),
    putSetupToken: (token) => write('putSetupToken', token),
    updateProfile: (change, trail) => write('updateProfile', change, trail),
    changeAccess: (change, trail) => write('changeAccess', change, trail),
    upgradePasswordHash: (upgrade) => write('upgradePasswordHash', upgrade),
    changePassword: (change, trail) => write('changePassword', change, trail),
    openSession: (session, trail) => write('openSession', session, trail),
    rotateSession: (rotation, trail) => write('rotateSession', rotation, trail),
    renewSession: (renewal, trail) => write('renewSession', renewal, trail),
    endSessions: (which, trail) => write('endSessions', which, trail),
    signOutUser: (which, trail) => write('signOutUser', which, trail),
    putToken: (token, mail) => write('putToken', token, mail),
    finishMail: (mail) => write('finishMail', mail),
    retryMail: (mail) => write('retryMail', mail),
    putInboxMessage: (message, keep) => write('putInboxMessage', message, keep),
    swapKeys: (swap, trail) => write('swapKeys', swap, trail),
    appendAudit: (event) => write('appendAudit', event),
  }
}

/** The steps that may delete a user; the bytes are the upkeep's business from then on. */
function deletions(
  write: Write,
  upkeep: Upkeep,
): Methods<'deleteUser' | 'confirmEmail' | 'resetPassword' | 'sweep'> {
  return {
    deleteUser: async (deletion, trail) => {
      const outcome = await write('deleteUser', deletion, trail)
      if (outcome.kind === 'deleted') upkeep.deleted()
      return outcome
    },
    confirmEmail: async (confirmation, trail) => {
      const outcome = await write('confirmEmail', confirmation, trail)
      if (outcome.kind === 'confirmed') upkeep.deleted()
      return outcome
    },
    resetPassword: async (reset, trail) => {
      const outcome = await write('resetPassword', reset, trail)
      if (outcome.kind === 'reset') upkeep.deleted()
      return outcome
    },
    sweep: async ({ now }) => {
      const deleted = await sweep((what) => write('sweepStep', what, now))
      upkeep.deleted()
      return { deleted }
    },
  }
}

/** One stretch of a long walk; other work comes in before the next. */
async function verifyStep(
  read: Read,
  query: Parameters<Store['verify']>[0],
): Promise<Awaited<ReturnType<Store['verify']>>> {
  const step = await read((db) => verify(db, query))
  await new Promise((resolve) => setImmediate(resolve))
  return step
}

async function health(writer: Writer): Promise<{ writable: boolean; detail: string }> {
  try {
    await writer.write('probe')
    return { writable: true, detail: 'The database takes writes.' }
  } catch (error) {
    return { writable: false, detail: error instanceof Error ? error.message : 'The database is away.' }
  }
}

/**
 * The reader goes once the queue is empty, and before the writer's connection: the last one takes the log
 * file away, and a reading one can't.
 */
async function close({ upkeep, backups, writer, reader, lock }: Engine): Promise<void> {
  await backups.stop()
  await upkeep.stop()
  await writer.chore('truncate').catch(() => false)
  reader.close()
  await writer.close()
  lock.release()
}
