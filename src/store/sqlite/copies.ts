/** That this file is the unfinished copy of another store, and how far it is; see `CopyingStore`. */
import { recordKinds, type CopyingStore } from '../../domain/ports/copying.ts'
import type { Hash } from '../../domain/ports/records.ts'
import type { Store } from '../../domain/ports/store.ts'
import { movedFacts } from '../../domain/record-forms.ts'
import { unfinishedCopy } from '../../domain/unfinished-copy.ts'
import { openDatabase, type Database } from './connection.ts'
import type { Methods, Read, Write } from './methods.ts'
import { putRecords, readRecords } from './records.ts'
import { bytes, integer, maybeText } from './rows.ts'

/** Of the facts only these are somebody's; the others are there as soon as a file is opened. */
const moved = `key IN (${movedFacts.map((fact) => `'${fact}'`).join(', ')})`

export const sql = {
  read: 'SELECT source, place FROM unfinished_copy WHERE id = 1',
  mark: 'INSERT INTO unfinished_copy (id, source) VALUES (1, :source)',
  keepPlace: 'UPDATE unfinished_copy SET place = :place WHERE id = 1',
  end: 'DELETE FROM unfinished_copy WHERE id = 1',
  isEmpty: `SELECT ${recordKinds
    .map((kind) => `NOT EXISTS (SELECT 1 FROM ${kind}${kind === 'meta' ? ` WHERE ${moved}` : ''})`)
    .join(' AND ')} AS empty`,
  count: `SELECT ${recordKinds.map((kind) => `(SELECT count(*) FROM ${kind})`).join(' + ')} AS n`,
} as const

type Begun = Awaited<ReturnType<Store['beginCopy']>>

/** See `CopyingStore.beginCopy`. */
export function beginCopy(db: Database, { source }: { readonly source: Hash }): Begun {
  const mark = db.get(sql.read)
  if (mark) {
    if (!Buffer.from(source).equals(bytes(mark, 'source'))) return { kind: 'other_source' }
    return { kind: 'resumed', place: maybeText(mark, 'place') }
  }
  if (!isEmpty(db)) return { kind: 'not_empty' }
  db.run(sql.mark, { source })
  return { kind: 'begun', place: null }
}

/** See `CopyingStore.writeRecords`. Where there is no mark no place is kept. */
export function writeRecords(db: Database, batch: Parameters<Store['writeRecords']>[0]): void {
  putRecords(db, batch)
  db.run(sql.keepPlace, { place: batch.place })
}

/** See `CopyingStore.endCopy`. */
export function endCopy(db: Database): void {
  db.run(sql.end)
}

function isEmpty(db: Database): boolean {
  return integer(db.get(sql.isEmpty) ?? {}, 'empty') === 1
}

function countRecords(db: Database): number {
  return integer(db.get(sql.count) ?? {}, 'n')
}

/** The steps of copying. */
export function copyMethods(read: Read, write: Write): Methods<keyof CopyingStore> {
  return {
    readRecords: (query) => read((db) => readRecords(db, query)),
    writeRecords: (batch) => write('writeRecords', batch),
    countRecords: () => read(countRecords),
    isEmpty: () => read(isEmpty),
    beginCopy: (copy) => write('beginCopy', copy),
    endCopy: () => write('endCopy'),
  }
}

/** Throws `store_incompatible` where the file is a copy that has not come to its end. */
export function refuseUnfinishedCopy(path: string): void {
  const db = openDatabase(path, 'read')
  try {
    if (db.get(sql.read)) throw unfinishedCopy()
  } finally {
    db.close()
  }
}
