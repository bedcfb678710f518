import { DomainError } from '../domain/errors.ts'
import type { Clock, Log } from '../domain/ports/runtime.ts'
import type { Store } from '../domain/ports/store.ts'

/** Which store, where its files lie, and what it takes from its process. */
export interface StoreOptions {
  /**
   * `sqlite:<file>`, relative to the data folder, or `mongodb://…`; `sqlite:users.db` where nothing is given.
   */
  readonly url?: string | undefined
  readonly dataDir: string
  readonly clock: Clock
  readonly log: Log
  /** A database that was away at the start turns out, once it is met, to be one that can't be used. */
  readonly onIncompatible?: ((error: DomainError) => void) | undefined
  /** For copying from a store that has to be there, or into one that may be an unfinished copy. */
  readonly use?: 'copy-from' | 'copy-to' | undefined
}

/**
 * Opens the store that the URL names; an adapter is loaded on first use. Throws `start_refused` for a URL
 * that no adapter serves, `store_incompatible` for a database that this version can't use. A MongoDB that is
 * away is no error: the store is not writable then, and connects by itself later.
 */
export async function openStore({ url = 'sqlite:users.db', ...options }: StoreOptions): Promise<Store> {
  if (url.startsWith('sqlite:')) {
    const { openSqliteStore } = await import('./sqlite/sqlite-store.ts')
    return openSqliteStore({ url, ...options })
  }
  if (url.startsWith('mongodb:') || url.startsWith('mongodb+srv:')) {
    const { openMongodbStore } = await import('./mongodb/mongodb-store.ts')
    return openMongodbStore({ url, ...options })
  }
  throw new DomainError('start_refused', {
    detail:
      'UM_DATABASE_URL has to begin with sqlite: and name a file relative to the data folder, ' +
      'such as sqlite:users.db, or with mongodb:// and name a replica set.',
  })
}
