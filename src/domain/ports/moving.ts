/** The part of the storage port that keeps backups and brings one back; see `store.ts`. */
import type { CopyingStore } from './copying.ts'
import type { Hash } from './records.ts'
import type { Id, Ms } from './runtime.ts'

/** That a user was deleted: nothing but a hash of its id, so that a copy made before can be held to it. */
export interface Deletion {
  /** SHA-256 of the id in its canonical text. */
  readonly hash: Hash
  readonly at: Ms
}

/** Steps on the whole. But for reading and backing up, none is taken while a server works on the data. */
export interface MovingStore extends CopyingStore {
  /**
   * Writes a copy of the whole database, as of one moment, to a path where no file is yet; beside a server
   * that works. `refused`: it can't be written there, for this reason. `unsupported` where the engine has
   * tools of its own for it.
   */
  backUp(to: {
    readonly path: string
  }): Promise<
    | { readonly kind: 'written'; readonly bytes: number; readonly users: number; readonly at: Ms }
    | { readonly kind: 'refused'; readonly reason: string }
    | { readonly kind: 'unsupported' }
  >
  /** The ids of all users, `pending` ones included, a stretch at a time, in their order. */
  listUserIds(query: { readonly after: Id | null; readonly limit: number }): Promise<readonly Id[]>
  /** The deletion ledger, a stretch at a time, in the order of its hashes. */
  listDeletions(query: { readonly after: Hash | null; readonly limit: number }): Promise<readonly Deletion[]>
  /** Adds to the ledger what it doesn't have yet. */
  putDeletions(deletions: readonly Deletion[]): Promise<void>
  /** Which of these the ledger has. */
  findDeletions(hashes: readonly Hash[]): Promise<readonly Hash[]>
  /**
   * Ends every session and every link of everybody, and drops the mail that waits: none of them is from the
   * time that the data now are of. Done again it changes nothing.
   */
  endEverything(): Promise<void>
}
