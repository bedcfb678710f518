/**
 * Stored shapes to wire shapes: the one place where camelCase becomes snake_case for what several routes
 * answer.
 */
import type { Static } from 'typebox'
import type { DeletionReceipt } from '../domain/delete-account.ts'
import type { AuditEvent } from '../domain/ports/records.ts'
import type { Session } from '../domain/session.ts'
import type { LoggedIn } from '../domain/login.ts'
import type { SignedIn } from '../domain/signed-in.ts'
import type { User } from '../domain/user.ts'
import type {
  auditEventSchema,
  receiptSchema,
  sessionSchema,
  loggedInSchema,
  signedInSchema,
  WireUser,
} from './answers.ts'

/** RFC 3339, UTC, milliseconds. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString()
}

/** Null where it has not happened. */
export function timestampOrNull(ms: number | null): string | null {
  return ms === null ? null : timestamp(ms)
}

export function wireUser(user: User): WireUser {
  return {
    id: user.id,
    username: user.username,
    email: user.email,
    email_verified: user.emailVerified,
    pending_email: user.pendingEmail,
    roles: [...user.roles],
    status: user.status === 'disabled' ? 'disabled' : 'active',
    locale: user.locale,
    profile: user.profile,
    created_at: timestamp(user.createdAt),
    updated_at: timestamp(user.updatedAt),
    last_sign_in_at: timestampOrNull(user.lastSignInAt),
  }
}

export function wireSignedIn(signedIn: SignedIn): Static<typeof signedInSchema> {
  return {
    access_token: signedIn.accessToken,
    token_type: 'Bearer',
    expires_in: signedIn.expiresInSeconds,
    refresh_token: signedIn.refreshToken,
    refresh_expires_in: signedIn.refreshExpiresInSeconds,
    session_id: signedIn.session.id,
    user: wireUser(signedIn.user),
  }
}

export function wireLoggedIn(loggedIn: LoggedIn): Static<typeof loggedInSchema> {
  return { ...wireSignedIn(loggedIn), device_token: loggedIn.deviceToken }
}

/** `current` is the session of the caller, where it has one. */
export function wireSession(session: Session, current: Session | undefined): Static<typeof sessionSchema> {
  return {
    id: session.id,
    current: session.id === current?.id,
    device_name: session.deviceName,
    user_agent: session.userAgent,
    created_at: timestamp(session.createdAt),
    last_used_at: timestamp(session.lastUsedAt),
    expires_at: timestamp(session.expiresAt),
  }
}

export function wireReceipt(receipt: DeletionReceipt): Static<typeof receiptSchema> {
  return {
    deletion_id: receipt.deletionId,
    deleted_at: timestamp(receipt.deletedAt),
    erased: receipt.erased,
    retained: receipt.retained.map((each) => ({ ...each, until: timestamp(each.until) })),
  }
}

export function wireAuditEvent(event: AuditEvent): Static<typeof auditEventSchema> {
  return {
    id: event.id,
    at: timestamp(event.at),
    action: event.action,
    actor_id: event.actorId,
    user_id: event.userId,
    request_id: event.requestId,
    detail: event.detail,
  }
}

/** The strong validator of a user's version (RFC 9110 section 8.8.3). */
export function etag(user: User): string {
  return `"${user.version}"`
}
