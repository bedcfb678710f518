/**
 * Reads the columns of a row with a check of each: what a file holds is outside input. A wrong type is a
 * defect or a damaged file, and is thrown as such. The other way round, it turns ids into their 16 stored
 * bytes.
 */
import type { SQLOutputValue } from 'node:sqlite'
import type { Id, JsonObject } from '../../domain/ports/runtime.ts'

/** One row as the driver gives it. */
export type Row = Readonly<Record<string, SQLOutputValue>>

/** The ids between which every other one lies. */
export const lowestId: Id = '00000000-0000-0000-0000-000000000000'
export const highestId: Id = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const noId = new Uint8Array(0)

/** The 16 bytes of an id in lower-case text form; of any other text the empty blob, which no row has. */
export function idBytes(id: Id): Uint8Array {
  return UUID.test(id) ? Buffer.from(id.replaceAll('-', ''), 'hex') : noId
}

export function maybeIdBytes(id: Id | null): Uint8Array | null {
  return id === null ? null : idBytes(id)
}

/** The text form of 16 id bytes. */
function idText(bytes: Uint8Array): Id {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

export function text(row: Row, column: string): string {
  const value = row[column]
  return typeof value === 'string' ? value : wrong(column)
}

export function integer(row: Row, column: string): number {
  const value = row[column]
  return typeof value === 'number' ? value : wrong(column)
}

export function bytes(row: Row, column: string): Uint8Array {
  const value = row[column]
  return value instanceof Uint8Array ? value : wrong(column)
}

export function id(row: Row, column: string): Id {
  return idText(bytes(row, column))
}

export function maybeText(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column)
}

export function maybeInteger(row: Row, column: string): number | null {
  return row[column] === null ? null : integer(row, column)
}

export function maybeId(row: Row, column: string): Id | null {
  return row[column] === null ? null : id(row, column)
}

/** One of a closed set of words. */
export function oneOf<Word extends string>(row: Row, column: string, words: readonly Word[]): Word {
  const value = text(row, column)
  return words.find((word) => word === value) ?? wrong(column)
}

/** A column that holds a JSON object. */
export function jsonObject(row: Row, column: string): JsonObject {
  const value: unknown = JSON.parse(text(row, column))
  return isJsonObject(value) ? value : wrong(column)
}

/** A column that holds a JSON array of strings. */
export function jsonTexts(row: Row, column: string): readonly string[] {
  const value: unknown = JSON.parse(text(row, column))
  return isTexts(value) ? value : wrong(column)
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function wrong(column: string): never {
  throw new Error(`The column ${column} holds what it can't hold.`)
}
