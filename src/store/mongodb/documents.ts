/**
 * Reads the fields of a document with a check of each: what a database holds is outside input. A wrong type
 * is a defect or a foreign writer, and is thrown as such. The other way round, it makes the stored form of
 * ids and times.
 */
import { Binary, ObjectId } from 'mongodb'
import type { Id, JsonObject, Ms } from '../../domain/ports/runtime.ts'

/** One document as the driver gives it. */
export type Doc = Readonly<Record<string, unknown>>

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const ID_BYTES = 16
const noId = new Binary(new Uint8Array(0))

/** An id as a binary UUID; any other text becomes the empty binary, which no document has. */
export function idValue(id: Id): Binary {
  return UUID.test(id) ? new Binary(Buffer.from(id.replaceAll('-', ''), 'hex'), Binary.SUBTYPE_UUID) : noId
}

export function maybeIdValue(id: Id | null): Binary | null {
  return id === null ? null : idValue(id)
}

/** A key as it was read, in the form in which it finds its document: 16 bytes are an id, others a hash. */
export function keyValue<Key>(key: Key): Key | Binary {
  return key instanceof Uint8Array && key.length === ID_BYTES ? new Binary(key, Binary.SUBTYPE_UUID) : key
}

export function time(at: Ms): Date {
  return new Date(at)
}

export function text(doc: Doc, field: string): string {
  const value = doc[field]
  return typeof value === 'string' ? value : wrong(field)
}

export function integer(doc: Doc, field: string): number {
  const value = doc[field]
  return typeof value === 'number' ? value : wrong(field)
}

export function flag(doc: Doc, field: string): boolean {
  const value = doc[field]
  return typeof value === 'boolean' ? value : wrong(field)
}

export function ms(doc: Doc, field: string): Ms {
  const value = doc[field]
  return value instanceof Date ? value.getTime() : wrong(field)
}

/** A copy: the driver's bytes are a view of the whole answer. */
export function bytes(doc: Doc, field: string): Uint8Array {
  const value = doc[field]
  return value instanceof Uint8Array ? new Uint8Array(value) : wrong(field)
}

export function id(doc: Doc, field: string): Id {
  const value = doc[field]
  return value instanceof Uint8Array ? idText(value) : wrong(field)
}

export function maybeText(doc: Doc, field: string): string | null {
  return isNothing(doc[field]) ? null : text(doc, field)
}

export function maybeMs(doc: Doc, field: string): Ms | null {
  return isNothing(doc[field]) ? null : ms(doc, field)
}

export function maybeId(doc: Doc, field: string): Id | null {
  return isNothing(doc[field]) ? null : id(doc, field)
}

/** One of a closed set of words. */
export function oneOf<Word extends string>(doc: Doc, field: string, words: readonly Word[]): Word {
  const value = text(doc, field)
  return words.find((word) => word === value) ?? wrong(field)
}

export function texts(doc: Doc, field: string): readonly string[] {
  const value = doc[field]
  return isTexts(value) ? value : wrong(field)
}

/** A field that holds a JSON object as text: no key of it can be an operator, and none gets lost. */
export function jsonObject(doc: Doc, field: string): JsonObject {
  const value: unknown = JSON.parse(text(doc, field))
  return isJsonObject(value) ? value : wrong(field)
}

/** A document inside a document; null where there is none. */
export function maybeDoc(doc: Doc, field: string): Doc | null {
  const value = doc[field]
  return isDoc(value) ? value : null
}

/** The documents of an array; none where the field is no array. */
export function docs(doc: Doc, field: string): readonly Doc[] {
  const value = doc[field]
  return Array.isArray(value) ? value.filter(isDoc) : []
}

/** Whether this document was last written by the operation of this id. */
export function isMarked(doc: Doc, field: string, operation: ObjectId): boolean {
  const mark = doc[field]
  return mark instanceof ObjectId && mark.equals(operation)
}

/** The text form of 16 id bytes. */
export function idText(value: Uint8Array): Id {
  const hex = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined
}

function isDoc(value: unknown): value is Doc {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function wrong(field: string): never {
  throw new Error(`The field ${field} holds what it can't hold.`)
}
