/**
 * What an outbox row holds under its seal: where the mail goes, what it says, and the event of its sending.
 * Its language is the one that the user has when it goes out.
 */
import type { Deps } from './deps.ts'
import type { Secrets } from './ports/crypto.ts'
import type { MailKind } from './ports/mailer.ts'
import type { Id, JsonObject, Ms } from './ports/runtime.ts'
import type { OutgoingMail } from './ports/records.ts'

/** The event that is written as the mail goes out; time, user and actor are filled in then. */
export interface MailAudit {
  readonly id: Id
  readonly action: string
  readonly requestId: string
}

/**
 * The parameters of a mail. They may carry a live token: they are stored sealed, with the row's id bound to
 * them.
 */
export interface MailContent {
  /** Null: the address that the user has at delivery. */
  readonly to: string | null
  /** The absolute link that the mail is about; null for a notice without one. */
  readonly link: string | null
  /** Small display values, such as the new address; never markup. */
  readonly params: JsonObject
  /** Null where the cause of the mail has written its own event. */
  readonly audit: MailAudit | null
}

export interface NewMail {
  /** Null for a decoy: equal work, never sent. */
  readonly userId: Id | null
  readonly kind: MailKind
  readonly content: MailContent
  readonly createdAt: Ms
  /** From here on nobody wants it any more. */
  readonly expiresAt: Ms
}

/** Makes the outbox row of a mail, under a new id. */
export function sealMail(deps: Pick<Deps, 'secrets' | 'ids'>, mail: NewMail): OutgoingMail {
  const { userId, kind, content, createdAt, expiresAt } = mail
  const id = deps.ids.next()
  const sealed = deps.secrets.seal('outbox', id, JSON.stringify(content))
  return { id, userId, kind, sealed, createdAt, expiresAt }
}

/**
 * Opens an outbox row; null where it was sealed with another key or id, was altered, or has another shape.
 */
export function readMail(secrets: Secrets, row: Pick<OutgoingMail, 'id' | 'sealed'>): MailContent | null {
  const plain = secrets.open('outbox', row.id, row.sealed)
  return plain === null ? null : readContent(parse(plain))
}

function readContent(value: unknown): MailContent | null {
  if (!isObject(value)) return null
  const { to, link, params, audit } = value
  if (!isTextOrNull(to) || !isTextOrNull(link) || !isObject(params)) return null
  if (audit === null) return { to, link, params, audit }
  const event = readAudit(audit)
  return event ? { to, link, params, audit: event } : null
}

function readAudit(value: unknown): MailAudit | null {
  if (!isObject(value)) return null
  const { id, action, requestId } = value
  if (typeof id !== 'string' || typeof action !== 'string' || typeof requestId !== 'string') return null
  return { id, action, requestId }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Holds for parsed JSON only: there, whatever is an object and no list has JSON values. */
function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string'
}
