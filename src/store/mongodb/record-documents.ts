/** A document as a record in the form that both engines share, and back; see `record-forms.ts`. */
import { Binary, type Document } from 'mongodb'
import { queues } from '../../domain/limits.ts'
import type { RecordKind } from '../../domain/ports/copying.ts'
import type { JsonObject, JsonValue } from '../../domain/ports/runtime.ts'
import { fieldsOf, numberIn, purgedAt, textIn, type RecordField } from '../../domain/record-forms.ts'
import type { DocumentId } from './connection.ts'
import { bytes, flag, id, idValue, integer, ms, text, texts, time, type Doc } from './documents.ts'

/** Fields whose name is not the record's in camelCase: what names a document, and what ends one. */
const names: Readonly<Partial<Record<RecordKind, Readonly<Record<string, string>>>>> = {
  users: { id: '_id' },
  identifiers: { key: '_id', expires_at: 'purgeAt' },
  sessions: { id: '_id' },
  one_time_tokens: { hash: '_id' },
  setup_tokens: { hash: '_id' },
  outgoing_mails: { id: '_id' },
  inbox_messages: { id: '_id' },
  audit_events: { id: '_id' },
  counters: { key: '_id', ends_at: 'purgeAt' },
  deletions: { hash: '_id' },
}

/** Fields that are left out, rather than null, where there is nothing. */
const absent: ReadonlySet<string> = new Set(['identifiers body', 'identifiers expires_at'])

/** What only this engine has, made anew. */
const derived: Readonly<Partial<Record<RecordKind, (record: JsonObject) => Document>>> = {
  // As many as there may be: the next sign-in counts them.
  users: () => ({ sessionsOpened: queues.sessionsPerUser }),
  setup_tokens: () => ({ kind: setupKind, userId: null, epoch: 0, email: '' }),
  outgoing_mails: ({ created_at: at }) => ({ due: time(numberIn(at, 'created_at')) }),
}

/** Links for setting up lie among the one-time tokens. */
export const setupKind = 'setup'

interface DocumentField extends RecordField {
  /** In the document. */
  readonly at: string
}

const fields = new Map<RecordKind, readonly DocumentField[]>()

/** Where each field of a record stands in its document. */
export function documentFields(kind: RecordKind): readonly DocumentField[] {
  const known = fields.get(kind)
  if (known) return known
  const made = fieldsOf(kind).map((field) => ({
    ...field,
    at: names[kind]?.[field.name] ?? camelCase(field.name),
  }))
  fields.set(kind, made)
  return made
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

export function recordOf(kind: RecordKind, doc: Doc): JsonObject {
  const record: Record<string, JsonValue> = {}
  for (const { name, form, optional, at } of documentFields(kind)) {
    const isNothing = doc[at] === null || doc[at] === undefined
    record[name] = optional && isNothing ? null : readers[form](doc, at)
  }
  return record
}

/** Everything of a document but what names it. */
export function contentOf(kind: RecordKind, record: JsonObject): Document {
  const content: Record<string, unknown> = {}
  for (const { name, form, optional, at } of documentFields(kind)) {
    if (at === '_id') continue
    const value = record[name]
    if (value !== null || !optional) content[at] = stored(form, value, name)
    else if (!absent.has(`${kind} ${name}`)) content[at] = null
  }
  const ends = purgedAt(kind, record)
  if (ends !== null) content['purgeAt'] = time(ends)
  return { ...content, ...derived[kind]?.(record) }
}

/** What names the document of a record. */
export function documentIdOf(kind: RecordKind, record: JsonObject): DocumentId {
  const field = documentFields(kind).find(({ at }) => at === '_id')
  if (!field) throw new TypeError(`A record of ${kind} has no document of its own.`)
  return documentId(field.form, textIn(record[field.name], field.name))
}

/** The same as it is read: for going on behind a document. */
export function placeOf(doc: Doc): string {
  const key = doc['_id']
  return key instanceof Uint8Array
    ? `${key.length} ${Buffer.from(key).toString('hex')}`
    : `t ${text(doc, '_id')}`
}

/** The other way round. An id has 16 bytes, a hash has more. */
export function documentIdAt(place: string): DocumentId {
  const [kind, name = ''] = place.split(/ (.*)/s)
  if (kind === 't') return name
  return kind === '16' ? new Binary(Buffer.from(name, 'hex'), Binary.SUBTYPE_UUID) : Buffer.from(name, 'hex')
}

function documentId(form: RecordField['form'], value: string): DocumentId {
  if (form === 'id') return idValue(value)
  return form === 'bytes' ? Buffer.from(value, 'base64') : value
}

const readers: Readonly<Record<RecordField['form'], (doc: Doc, field: string) => JsonValue>> = {
  id,
  text,
  texts,
  bytes: (doc, field) => Buffer.from(bytes(doc, field)).toString('base64'),
  time: ms,
  number: integer,
  flag,
}

function stored(form: RecordField['form'], value: JsonValue | undefined, name: string): unknown {
  switch (form) {
    case 'id':
      return idValue(textIn(value, name))
    case 'text':
      return textIn(value, name)
    case 'bytes':
      return Buffer.from(textIn(value, name), 'base64')
    case 'time':
      return time(numberIn(value, name))
    case 'number':
      return numberIn(value, name)
    case 'texts':
    case 'flag':
      return value
  }
}
