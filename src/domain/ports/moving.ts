/** The part of the storage port that moves a whole installation, keeps copies of it and brings one back; see `store.ts`. */
import type { JsonObject, Ms } from './runtime.ts'
import type { Hash } from './records.ts'

/** Everything that is stored, in an order in which what is referred to comes first. */
export const recordKinds = [
  'users',
  'identifiers',
  'sessions',
  'one_time_tokens',
  'setup_tokens',
  'outgoing_mails',
  'inbox_messages',
  'audit_events',
  'signing_keys',
  'counters',
  'deletions',
  'meta',
] as const

/** One of them. */
export type RecordKind = (typeof recordKinds)[number]

/** That a user was deleted: nothing but a hash of its id, so that a copy made before can be held to it. */
export interface Deletion {
  /** SHA-256 of the id in its canonical text. */
  readonly hash: Hash
  readonly at: Ms
}

/** The steps of moving. None of them is taken while a server works on the same data, but for reading and backing up. */
export interface MovingStore {
  /**
   * A stretch of the records of a kind, in the order of their keys, in the one form that both engines share: the same
   * installation reads the same on both. `after` is null at the beginning, `next` at the end.
   */
  readRecords(query: {
    readonly kind: RecordKind
    readonly after: string | null
    readonly limit: number
  }): Promise<{ readonly records: readonly JsonObject[]; readonly next: string | null }>
  /** Writes records as they are, over those of the same key: writing them again changes nothing. */
  writeRecords(batch: { readonly kind: RecordKind; readonly records: readonly JsonObject[] }): Promise<void>
  /** Whether nothing is stored but what opening a store makes. */
  isEmpty(): Promise<boolean>
  /**
   * Writes a copy of the whole database, as of one moment, to a path where no file is yet; beside a server that works.
   * `unsupported` where the engine has tools of its own for it.
   */
  backUp(to: {
    readonly path: string
  }): Promise<{ readonly kind: 'written'; readonly bytes: number } | { readonly kind: 'unsupported' }>
  /** The deletion ledger, a stretch at a time, in the order of its hashes. */
  listDeletions(query: { readonly after: Hash | null; readonly limit: number }): Promise<readonly Deletion[]>
  /** Adds to the ledger what it doesn't have yet. */
  putDeletions(deletions: readonly Deletion[]): Promise<void>
  /**
   * Ends every session and every link of everybody, and drops the mail that waits: none of them is from the time that
   * the data now are of. Done again it changes nothing.
   */
  endEverything(): Promise<void>
}
