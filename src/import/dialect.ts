import type { JsonObject } from '../domain/ports/runtime.ts'
import { rowOf, type Draft } from './draft.ts'
import { fromExtendedJson } from './read-values.ts'
import type { ImportReader, ImportRow, ReaderOptions } from './reader.ts'
import { isObject, type SourceRow } from './source-row.ts'
import { sourceRows, type Shape } from './source-rows.ts'
import { openSourceUser, type SourceUser } from './source-user.ts'

/** A program whose users stand in rows of their own, with everything about them. */
export interface Dialect {
  readonly name: string
  readonly summary: string
  readonly shape: Shape
  /** Fields that hold JSON objects. */
  readonly objects?: readonly string[]
  /** What is done to the fields before they are read. */
  readonly prepare?: (fields: JsonObject) => JsonObject
  /** A user of the program in our terms; or why this is nobody who could sign in here. */
  readonly read: (source: SourceUser, options: ReaderOptions) => Draft | { readonly reason: string }
}

/** The reader of a dialect. */
export function readerOf(dialect: Dialect): ImportReader {
  const { name, summary, shape } = dialect
  return {
    name,
    summary,
    async *read(files, options) {
      for (const file of files) {
        for await (const row of sourceRows(file, shapeFor(shape, options)))
          yield readRow(row, dialect, options)
      }
    },
  }
}

/** Where the users stand, as the operator has said it. */
export function shapeFor(shape: Shape, { table }: ReaderOptions): Shape {
  return table === null ? shape : { ...shape, tables: [table], lists: shape.lists.length > 0 ? [table] : [] }
}

/** The user of a row, in our terms. */
export function readRow(
  row: SourceRow,
  { objects, prepare, read }: Pick<Dialect, 'objects' | 'prepare' | 'read'>,
  options: ReaderOptions,
): ImportRow {
  if ('reason' in row) return row
  const fields = plain(row.fields)
  const source = openSourceUser(prepare ? prepare(fields) : fields, objects)
  const draft = read(source, options)
  const { file, line } = row
  return 'reason' in draft ? { file, line, reason: draft.reason } : rowOf(row, { source, draft }, options)
}

/** The fields without the types that MongoDB writes beside their values. */
export function plain(fields: JsonObject): JsonObject {
  const value = fromExtendedJson(fields)
  return isObject(value) ? value : fields
}
