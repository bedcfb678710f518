import type { MailKind } from './mailer.ts'
import type { Id, Ms } from './runtime.ts'

/** A mail in the built-in inbox of development; `links` and `tokens` are taken from its text. */
export interface InboxMessage {
  readonly id: Id
  readonly kind: MailKind
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly sentAt: Ms
  readonly links: readonly string[]
  readonly tokens: readonly string[]
}

/** Which messages: all that are given must fit. */
export interface InboxQuery {
  readonly to?: string | undefined
  readonly kind?: string | undefined
  /** Only messages newer than this one. */
  readonly after?: Id | undefined
}

/** Reading the built-in inbox. */
export interface Inbox {
  /** The newest messages first, at most 500; the sealed rows are opened and filtered here. */
  list(query: InboxQuery): Promise<readonly InboxMessage[]>
  /** As `list`, but waits until a message matches or the time is up (then an empty list). */
  wait(query: InboxQuery, waitMs: number, gone?: AbortSignal): Promise<readonly InboxMessage[]>
}
