/** The part of the storage port that carries an installation from one store to another; see `store.ts`. */
import type { Hash } from './records.ts'
import type { JsonObject } from './runtime.ts'

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

/** Some records of a kind, and where the walk goes on: a text of the store's own, null at the end. */
export interface RecordPage {
  readonly records: readonly JsonObject[]
  readonly next: string | null
}

/** The steps of copying. Where somebody else works on the store meanwhile, the check at the end tells. */
export interface CopyingStore {
  /**
   * A stretch of the records of a kind, in the form of `record-forms.ts`, which both engines share: the same
   * installation reads the same on both. `limit` bounds what is looked at; a page may hold less, or nothing.
   */
  readRecords(query: {
    readonly kind: RecordKind
    readonly after: string | null
    readonly limit: number
  }): Promise<RecordPage>
  /**
   * Writes records as they are, over those of the same key: writing them again changes nothing. Records of a
   * user that is not there are left out. `place` is kept with the mark of the copy, once they are written.
   */
  writeRecords(batch: {
    readonly kind: RecordKind
    readonly records: readonly JsonObject[]
    readonly place: string | null
  }): Promise<void>
  /** About how many records there are, for telling how far a copy is. */
  countRecords(): Promise<number>
  /** Whether nothing is stored but what opening a store makes. */
  isEmpty(): Promise<boolean>
  /**
   * Marks the store as the unfinished copy of a source; until the mark goes, no server opens it. `resumed`:
   * it bears the mark of the same source already, and `place` was the last one kept. `other_source`,
   * `not_empty`: nothing happens.
   */
  beginCopy(copy: {
    readonly source: Hash
  }): Promise<
    | { readonly kind: 'begun' | 'resumed'; readonly place: string | null }
    | { readonly kind: 'other_source' | 'not_empty' }
  >
  /** Takes the mark away, once what the engine derives from the records is right; again, nothing. */
  endCopy(): Promise<void>
}
