/** Where users come from: one reader a format, each giving one record a user as it streams through. */
import type { JsonObject, Ms } from '../domain/ports/runtime.ts'

/**
 * Where something stands, with `line` counted from 1: a line of a text, a place in a list, a row of a table.
 */
export interface Place {
  readonly file: string
  readonly line: number
}

/**
 * A user of the source in our own terms, as the lines of an export have it; only `email` is needed. Or why
 * there is none. `leftBehind` names what the source knows of the user and the record doesn't say; `size` is
 * the length of the JSON that it stood in, where it stood in one.
 */
export type ImportRow = Place &
  (
    | { readonly record: JsonObject; readonly leftBehind: readonly string[]; readonly size?: number }
    | { readonly reason: string }
  )

/** A format that can be read. */
export interface ImportReader {
  readonly name: string
  /** One sentence for the help: which file of which program. */
  readonly summary: string
  /**
   * Reads files in constant memory, whatever their size. Throws `Error` with a plain sentence where a file is
   * not of this format at all; a user that can't be read is a row with its reason.
   */
  read(files: readonly string[], options: ReaderOptions): AsyncIterable<ImportRow>
}

/** What steers a reader. */
export interface ReaderOptions {
  /** Fields of the source that are to go into the profile: the name there, by the path in the source. */
  readonly profileFields: Readonly<Record<string, string>>
  /**
   * Our role, by what the source calls it. Without it everybody becomes a `user`: an admin is never made
   * silently.
   */
  readonly roles: Readonly<Record<string, string>>
  /** Which table, list or collection has the users, where that is not the usual one. */
  readonly table: string | null
  /** The present: whether a ban is over. */
  readonly now: Ms
}
