/**
 * One process owns a database file: an EXCLUSIVE transaction on `owner.lock.db` beside it, which the
 * operating system ends with the process, so that no pid file can go stale.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { DomainError } from '../../domain/errors.ts'
import { store as limits } from '../../domain/limits.ts'
import { bareDatabase, type Database } from './connection.ts'
import { createPrivateFile } from './data-file.ts'
import { failureOf } from './failures.ts'

export interface OwnerLock {
  release(): void
}

const retryMs = 50

/**
 * Waits up to `store.ownerWaitMs` for the previous owner to go; throws `store_incompatible` where it stays.
 */
export async function takeOwnerLock(path: string): Promise<OwnerLock> {
  createPrivateFile(path)
  for (let attempts = Math.ceil(limits.ownerWaitMs / retryMs); ; attempts -= 1) {
    const held = tryLock(path)
    if (held) return { release: () => held.close() }
    if (attempts === 0) throw heldByAnother()
    await pause(retryMs)
  }
}

function tryLock(path: string): Database | null {
  const database = bareDatabase(path, 'write')
  try {
    database.exec('BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database.close()
    if (failureOf(error).kind === 'busy') return null
    throw error
  }
}

function heldByAnother(): DomainError {
  return new DomainError('store_incompatible', {
    detail:
      'Another process is using this data folder: stop it, or give this one a folder of its own ' +
      'with UM_DATA_DIR.',
  })
}
