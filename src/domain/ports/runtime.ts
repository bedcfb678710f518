/** What the rules take from the machine they run on: time, ids and a place to write events. */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Ms = number

/** A UUIDv7 in lower-case text form (RFC 9562). */
export type Id = string

/** What JSON can say (RFC 8259). */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject
/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: JsonValue
}

/** The time. */
export interface Clock {
  /** The present, in milliseconds. Never goes back by more than the operating system's clock does. */
  now(): Ms
}

/** Where ids come from. */
export interface Ids {
  /** A new UUIDv7: sorts by creation time, 74 random bits. An identifier, never a secret. */
  next(): Id
}

/** Fields of a log line: ids, codes, counts and durations; never an e-mail, username, profile or token. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>

/** The log: for operators, never personal. */
export interface Log {
  /** There only where the level asks for it, so that nothing is gathered for lines that nobody wants. */
  debug?(fields: LogFields, message: string): void
  /** Something that an operator counts on seeing. */
  info(fields: LogFields, message: string): void
  /** Something that went wrong and was dealt with. */
  warn(fields: LogFields, message: string): void
  /** Something that went wrong and needs somebody; `cause` is printed with its stack. */
  error(fields: LogFields, message: string, cause?: unknown): void
}
