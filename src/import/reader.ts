/** Where users come from: one reader a format, each giving one record a user as it streams through. */
import type { JsonObject } from '../domain/ports/runtime.ts'

/**
 * A user of the source in our own terms, as the lines of an export have it; only `email` is needed. Or why there is
 * none. `line` is where it stands, counted from 1: a line of a text, a place in a list, a row of a table.
 */
export type ImportRow =
  | { readonly line: number; readonly record: JsonObject; readonly leftBehind: readonly string[] }
  | { readonly line: number; readonly reason: string }

/** A format that can be read. */
export interface ImportReader {
  readonly name: string
  /** One sentence for the help: which file of which program. */
  readonly summary: string
  /**
   * Reads files in constant memory, whatever their size. Throws `Error` with a plain sentence where a file is not of this
   * format at all; a user that can't be read is a row with its reason.
   */
  read(files: readonly string[], options: ReaderOptions): AsyncIterable<ImportRow>
}

/** What steers a reader. */
export interface ReaderOptions {
  /** Fields of the source that are to go into the profile: the name there, by the path in the source. */
  readonly profileFields: Readonly<Record<string, string>>
}
