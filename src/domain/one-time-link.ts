import type { Caller, Deps } from './deps.ts'
import { lifetimes } from './limits.ts'
import { sealMail } from './mail.ts'
import { tokenKinds, type NewToken, type OutgoingMail, type TokenKind } from './ports/records.ts'
import type { Id, Ms } from './ports/runtime.ts'

const lifetimeMs: Readonly<Record<TokenKind, Ms>> = {
  verify_email: lifetimes.verifyTokenMs,
  change_email: lifetimes.verifyTokenMs,
  reset_password: lifetimes.resetTokenMs,
  set_password: lifetimes.setPasswordTokenMs,
}

const pathOf: Readonly<Record<TokenKind, string>> = {
  verify_email: '/users/verify-email/',
  change_email: '/users/verify-email/',
  reset_password: '/users/reset-password/',
  set_password: '/users/reset-password/',
}

/** Whom a link is for. The decoy of an unknown address has no user, and nobody ever gets its mail. */
export interface LinkOwner {
  readonly id: Id | null
  readonly epoch: number
  /** The exact address that the link is mailed to and bound to. */
  readonly email: string
}

/** Nothing of the one who asked: a decoy belongs to no user, so no deletion would find it. */
export const decoyOwner: LinkOwner = { id: null, epoch: 0, email: 'nobody@decoy.invalid' }

export interface NewLink {
  readonly kind: TokenKind
  readonly owner: LinkOwner
  /** The action of the event that is written as the mail goes out; null where the cause writes its own. */
  readonly auditAction: string | null
}

/** The language of whoever a link was mailed to, live or not; null for no link of ours. */
export async function localeOfLink(
  token: string,
  deps: Pick<Deps, 'secrets' | 'store' | 'clock'>,
): Promise<string | null> {
  const hash = deps.secrets.hashOneTimeToken(token)
  const state = hash && (await deps.store.peekToken({ hash, kinds: tokenKinds, now: deps.clock.now() }))
  return state ? state.user.locale : null
}

/** A one-time token and the sealed mail that carries it. The token itself is nowhere but in that mail. */
export function oneTimeLink(
  link: NewLink,
  caller: Caller,
  deps: Deps,
): { token: NewToken; mail: OutgoingMail } {
  const { kind, owner } = link
  const { email } = owner
  const createdAt = deps.clock.now()
  const expiresAt = createdAt + lifetimeMs[kind]
  const { token, hash } = deps.secrets.newOneTimeToken()
  const audit = link.auditAction && {
    id: deps.ids.next(),
    action: link.auditAction,
    requestId: caller.requestId,
  }
  const content = {
    to: email,
    link: deps.rules.publicUrl + pathOf[kind] + token,
    params: {},
    audit: audit || null,
  }
  return {
    token: { hash, kind, userId: owner.id, epoch: owner.epoch, email, createdAt, expiresAt },
    mail: sealMail(deps, { userId: owner.id, kind, content, createdAt, expiresAt }),
  }
}
