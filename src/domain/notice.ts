import type { Deps } from './deps.ts'
import { lifetimes } from './limits.ts'
import { sealMail } from './mail.ts'
import type { MailKind } from './ports/mailer.ts'
import type { Id, JsonObject } from './ports/runtime.ts'
import type { OutgoingMail } from './ports/records.ts'

export interface Notice {
  readonly kind: MailKind
  readonly userId: Id
  /** Null: the address that the user has when the mail goes out. */
  readonly to: string | null
  readonly params?: JsonObject
}

/** A mail that tells the owner what happened; its cause writes the audit event. */
export function notice(about: Notice, deps: Pick<Deps, 'secrets' | 'ids' | 'clock'>): OutgoingMail {
  const createdAt = deps.clock.now()
  return sealMail(deps, {
    userId: about.userId,
    kind: about.kind,
    content: { to: about.to, link: null, params: about.params ?? {}, audit: null },
    createdAt,
    expiresAt: createdAt + lifetimes.noticeMailMs,
  })
}
