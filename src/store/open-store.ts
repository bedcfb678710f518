import { DomainError } from '../domain/errors.ts'
import type { Clock, Log } from '../domain/ports/runtime.ts'
import type { Store } from '../domain/ports/store.ts'

/** Which store, where its files lie, and what it takes from its process. */
export interface StoreOptions {
  /** `sqlite:<file>`, relative to the data folder; `sqlite:users.db` where nothing is given. */
  readonly url?: string | undefined
  readonly dataDir: string
  readonly clock: Clock
  readonly log: Log
}

/**
 * Opens the store that the URL names; an adapter is loaded on first use. Throws `start_refused` for a URL
 * that no adapter serves, `store_incompatible` for a database that this version can't use.
 */
export async function openStore({ url = 'sqlite:users.db', ...options }: StoreOptions): Promise<Store> {
  if (url.startsWith('sqlite:')) {
    const { openSqliteStore } = await import('./sqlite/sqlite-store.ts')
    return openSqliteStore({ url, ...options })
  }
  if (url.startsWith('mongodb:') || url.startsWith('mongodb+srv:')) {
    throw new DomainError('start_refused', {
      detail:
        'This version does not store in MongoDB yet: set UM_DATABASE_URL to sqlite:users.db or to nothing.',
    })
  }
  throw new DomainError('start_refused', {
    detail:
      'UM_DATABASE_URL has to begin with sqlite: and name a file relative to the data folder, ' +
      'such as sqlite:users.db.',
  })
}
