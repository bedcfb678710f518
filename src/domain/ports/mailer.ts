import type { Id } from './runtime.ts'

/** Every mail that there is. */
export const mailKinds = [
  'verify_email',
  'reset_password',
  'set_password',
  'change_email',
  'email_changed',
  'password_changed',
  'address_taken',
  'new_device',
  'session_theft',
] as const

/** One of them. */
export type MailKind = (typeof mailKinds)[number]

/** A rendered mail, ready to go. `id` is the outbox row's: a repeated delivery bears the same Message-ID. */
export interface MailMessage {
  readonly id: Id
  readonly userId: Id
  readonly kind: MailKind
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** One way out for mail. */
export interface MailTransport {
  /** Hands the mail over; resolves once the next hop has taken it, throws where it has to be tried again. */
  send(message: MailMessage): Promise<void>
  /** Ends connections. */
  close(): Promise<void>
}
