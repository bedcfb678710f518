/** Every table as records in the form that both engines share; see `CopyingStore` and `record-forms.ts`. */
import type { SQLInputValue } from 'node:sqlite'
import { recordKinds, type RecordKind, type RecordPage } from '../../domain/ports/copying.ts'
import type { JsonObject, JsonValue } from '../../domain/ports/runtime.ts'
import type { Store } from '../../domain/ports/store.ts'
import {
  fieldsOf,
  movedFacts,
  numberIn,
  ofUsers,
  recordForms,
  textIn,
  type RecordField,
} from '../../domain/record-forms.ts'
import type { Database, Values } from './connection.ts'
import { bytes, id, idBytes, integer, jsonTexts, text, type Row } from './rows.ts'

/** Columns that are made from the record: nothing that moves. */
const derived: Partial<Record<RecordKind, Readonly<Record<string, (record: JsonObject) => SQLInputValue>>>> =
  {
    users: { admin: ({ roles }) => Number(Array.isArray(roles) && roles.includes('admin')) },
    outgoing_mails: { due_at: ({ created_at: at }) => numberIn(at, 'created_at') },
  }

interface Plan {
  readonly fields: readonly RecordField[]
  readonly key: readonly RecordField[]
  readonly read: string
  readonly write: string
}

/** The statements of each kind; a table has the name of its kind. */
const plans: ReadonlyMap<RecordKind, Plan> = new Map(recordKinds.map((kind) => [kind, planOf(kind)]))

/** The statements by themselves, for a look at their plans. */
export const sql = Object.fromEntries(
  [...plans].flatMap(([kind, { read, write }]) => [
    [`read ${kind}`, read],
    [`write ${kind}`, write],
  ]),
)

function planOf(kind: RecordKind): Plan {
  const fields = fieldsOf(kind)
  const key = fields.filter(({ name }) => recordForms[kind].key.includes(name))
  const own = fields.map(({ name }) => name)
  const all = [...own, ...Object.keys(derived[kind] ?? {})]
  const keys = key.map(({ name }) => name)
  const updates = all.filter((name) => !keys.includes(name)).map((name) => `${name} = excluded.${name}`)
  const alive = ofUsers.has(kind)
    ? ':user_id IS NULL OR EXISTS (SELECT 1 FROM users WHERE id = :user_id)'
    : 'TRUE'
  const moved = kind === 'meta' ? ` AND key IN (${movedFacts.map((fact) => `'${fact}'`).join(', ')})` : ''
  return {
    fields,
    key,
    read: `SELECT ${own.join(', ')} FROM ${kind}
      WHERE (${keys.join(', ')}) > (${keys.map((name) => `:${name}`).join(', ')})${moved}
      ORDER BY ${keys.join(', ')} LIMIT :limit`,
    write: `INSERT INTO ${kind} (${all.join(', ')}) SELECT ${all.map((name) => `:${name}`).join(', ')}
      WHERE ${alive} ON CONFLICT (${keys.join(', ')}) DO UPDATE SET ${updates.join(', ')}`,
  }
}

/** See `CopyingStore.readRecords`. In the order of the keys; the place is the key of the last record. */
export function readRecords(
  db: Database,
  { kind, after, limit }: Parameters<Store['readRecords']>[0],
): RecordPage {
  const { fields, key, read } = plans.get(kind) ?? planOf(kind)
  const place: unknown = after === null ? [] : JSON.parse(after)
  const start = key.map(({ name, form }, at): [string, SQLInputValue] => {
    const value: unknown = Array.isArray(place) ? place[at] : undefined
    return [name, typeof value === 'string' ? stored(form, value, name) : least(form)]
  })
  const records = db.all(read, { ...Object.fromEntries(start), limit }).map((row) => recordOf(fields, row))
  const last = records.length === limit ? records.at(-1) : undefined
  return { records, next: last ? JSON.stringify(key.map(({ name }) => last[name])) : null }
}

/** Writes over what has the same key. */
export function putRecords(
  db: Database,
  { kind, records }: Pick<Parameters<Store['writeRecords']>[0], 'kind' | 'records'>,
): void {
  const { fields, write } = plans.get(kind) ?? planOf(kind)
  for (const record of records) {
    const values: Values = {}
    for (const { name, form, optional } of fields) {
      const value = record[name]
      values[name] = value === null && optional ? null : stored(form, value, name)
    }
    for (const [name, make] of Object.entries(derived[kind] ?? {})) values[name] = make(record)
    db.run(write, values)
  }
}

function recordOf(fields: readonly RecordField[], row: Row): JsonObject {
  const record: Record<string, JsonValue> = {}
  for (const { name, form, optional } of fields) {
    record[name] = optional && row[name] === null ? null : readers[form](row, name)
  }
  return record
}

const readers: Readonly<Record<RecordField['form'], (row: Row, column: string) => JsonValue>> = {
  id,
  text,
  texts: jsonTexts,
  bytes: (row, column) => base64Of(bytes(row, column)),
  time: integer,
  number: integer,
  flag: (row, column) => integer(row, column) === 1,
}

function stored(form: RecordField['form'], value: JsonValue | undefined, name: string): SQLInputValue {
  switch (form) {
    case 'id':
      return idBytes(textIn(value, name))
    case 'text':
      return textIn(value, name)
    case 'texts':
      return JSON.stringify(value)
    case 'bytes':
      return Buffer.from(textIn(value, name), 'base64')
    case 'time':
    case 'number':
      return numberIn(value, name)
    case 'flag':
      return Number(value === true)
  }
}

/** Sorts before every key of its form. */
function least(form: RecordField['form']): SQLInputValue {
  return form === 'text' ? '' : new Uint8Array(0)
}

function base64Of(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
}
