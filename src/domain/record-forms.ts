/**
 * Every record that is stored, in the one form in which it goes from store to store. The names are those of
 * the SQLite columns. What only one engine needs (counts, flags for its indexes, leases of mails) is in none
 * of them: the adapter derives it. A mail that is moved is due at once, since whoever had leased it is gone.
 */
import { lifetimes } from './limits.ts'
import type { RecordKind } from './ports/copying.ts'
import type { JsonObject, JsonValue, Ms } from './ports/runtime.ts'

/**
 * How a field is written: ids as UUIDs, bytes as base64, times in milliseconds, `texts` as an array; JSON
 * that only the rules read stays the text that it is. With a `?` it may be null.
 */
export type FieldForm = (typeof forms)[number]
const forms = ['id', 'text', 'texts', 'bytes', 'time', 'number', 'flag'] as const

/** The records of a kind. */
export interface RecordForm {
  /** What names a record; a subset of the fields. */
  readonly key: readonly string[]
  /** In this order, so that the JSON of a record is always the same. */
  readonly fields: Readonly<Record<string, FieldForm | `${FieldForm}?`>>
  /** From when on the engines may erase it by themselves: so long after the time in this field. */
  readonly purged?: { readonly field: string; readonly afterMs: Ms }
}

const expired = { field: 'expires_at', afterMs: lifetimes.purgeDelayMs } as const

export const recordForms: Readonly<Record<RecordKind, RecordForm>> = {
  users: {
    key: ['id'],
    fields: {
      id: 'id',
      username: 'text',
      email: 'text',
      email_verified: 'flag',
      pending_email: 'text?',
      password_hash: 'text?',
      roles: 'texts',
      status: 'text',
      locale: 'text',
      profile: 'text',
      created_at: 'time',
      updated_at: 'time',
      last_sign_in_at: 'time?',
      version: 'number',
      epoch: 'number',
      device_epoch: 'number',
    },
  },
  identifiers: {
    key: ['key'],
    fields: { key: 'text', user_id: 'id', body: 'bytes?', expires_at: 'time?' },
    purged: { field: 'expires_at', afterMs: 0 },
  },
  sessions: {
    key: ['user_id', 'id'],
    fields: {
      user_id: 'id',
      id: 'id',
      epoch: 'number',
      generation: 'number',
      refresh_key_id: 'number',
      rotated_at: 'time',
      repeats: 'number',
      auth_time: 'time',
      device_name: 'text?',
      user_agent: 'text?',
      created_at: 'time',
      last_used_at: 'time',
      expires_at: 'time',
    },
    purged: expired,
  },
  one_time_tokens: {
    key: ['hash'],
    fields: {
      hash: 'bytes',
      kind: 'text',
      user_id: 'id?',
      epoch: 'number',
      email: 'text',
      created_at: 'time',
      expires_at: 'time',
      used_at: 'time?',
    },
    purged: expired,
  },
  setup_tokens: {
    key: ['hash'],
    fields: { hash: 'bytes', created_at: 'time', expires_at: 'time', used_at: 'time?' },
    purged: expired,
  },
  outgoing_mails: {
    key: ['id'],
    fields: {
      id: 'id',
      user_id: 'id?',
      kind: 'text',
      sealed: 'bytes',
      created_at: 'time',
      expires_at: 'time',
      attempts: 'number',
    },
    purged: expired,
  },
  inbox_messages: {
    key: ['id'],
    fields: { id: 'id', user_id: 'id', sealed: 'bytes', sent_at: 'time' },
  },
  audit_events: {
    key: ['id'],
    fields: {
      id: 'id',
      at: 'time',
      action: 'text',
      actor_id: 'id?',
      user_id: 'id?',
      request_id: 'text',
      detail: 'text?',
    },
    purged: { field: 'at', afterMs: lifetimes.auditMs },
  },
  signing_keys: {
    key: ['kid'],
    fields: {
      kid: 'text',
      algorithm: 'text',
      state: 'text',
      public_jwk: 'text',
      sealed_private: 'bytes',
      created_at: 'time',
      activated_at: 'time?',
      retires_at: 'time?',
    },
  },
  counters: {
    key: ['key'],
    fields: { key: 'text', count: 'number', last_at: 'time', ends_at: 'time' },
    purged: { field: 'ends_at', afterMs: 0 },
  },
  deletions: {
    key: ['hash'],
    fields: { hash: 'bytes', at: 'time' },
    purged: { field: 'at', afterMs: lifetimes.deletionLedgerMs },
  },
  meta: { key: ['key'], fields: { key: 'text', value: 'number' } },
}

/** The facts of the kind `meta`; every other one is about one file or one database, and not about users. */
export const movedFacts: readonly string[] = ['keyring_version']

/** The kinds whose records go with their user. */
export const ofUsers: ReadonlySet<RecordKind> = new Set([
  'identifiers',
  'sessions',
  'one_time_tokens',
  'outgoing_mails',
  'inbox_messages',
])

/** A field of a record: `form` without the question mark. */
export interface RecordField {
  readonly name: string
  readonly form: FieldForm
  readonly optional: boolean
}

/** The fields of a kind, in their order. */
export function fieldsOf(kind: RecordKind): readonly RecordField[] {
  return Object.entries(recordForms[kind].fields).map(([name, written]) => {
    const form = forms.find((each) => each === written.replace('?', ''))
    if (!form) throw new TypeError(`There is no form ${written}.`)
    return { name, form, optional: written.endsWith('?') }
  })
}

/** From when on an engine may have erased a record; null for never. */
export function purgedAt(kind: RecordKind, record: JsonObject): Ms | null {
  const { purged } = recordForms[kind]
  const at = purged && record[purged.field]
  return typeof at === 'number' && purged ? at + purged.afterMs : null
}

/** A field that has to be a text; throws `TypeError` where it is none. */
export function textIn(value: JsonValue | undefined, name: string): string {
  return typeof value === 'string' ? value : wrong(name)
}

/** A field that has to be a number; throws `TypeError` where it is none. */
export function numberIn(value: JsonValue | undefined, name: string): number {
  return typeof value === 'number' ? value : wrong(name)
}

function wrong(name: string): never {
  throw new TypeError(`The field ${name} of a record holds what it can't hold.`)
}
