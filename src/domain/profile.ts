import { concealedLink } from './concealed-link.ts'
import type { Caller, Deps, ProfileRules } from './deps.ts'
import { DomainError, escapePointer, refuseInvalid, type FieldError } from './errors.ts'
import { mergeProfile, userFieldErrors } from './field-rules.ts'
import { readEmail, type EmailAddress } from './keys.ts'
import { queues } from './limits.ts'
import { oneTimeLink } from './one-time-link.ts'
import { requireFreshAuthentication, type Actor } from './policy.ts'
import type { JsonObject } from './ports/runtime.ts'
import type { Trail } from './ports/records.ts'
import type { ProfileChange } from './ports/store.ts'
import { taken } from './register.ts'
import { requireRecipient } from './throttle.ts'
import { auditEvent } from './trail.ts'
import type { User } from './user.ts'

/** Any subset; what is left out stays. `profile` is merged key by key, null clears a key. */
export interface ProfileUpdate {
  readonly username?: string | undefined
  readonly email?: string | undefined
  readonly locale?: string | undefined
  readonly profile?: JsonObject | undefined
}

export interface ProfileRequest {
  readonly actor: Actor
  readonly update: ProfileUpdate
  /**
   * The versions of `If-Match`, `*` for any; null where the request has none. A malformed one matches
   * nothing.
   */
  readonly ifMatch: readonly number[] | '*' | null
}

/**
 * Writes the profile. A new address only becomes pending: it needs fresh authentication, and counts once
 * its link is confirmed. Under strict disclosure a taken one becomes pending too, and its holder is told by
 * mail. Throws `validation_failed`, `fresh_authentication_required`, `profile_changed`, `email_taken` (never
 * under strict disclosure), `username_taken`, `rate_limited`, or `session_revoked` where the session ended
 * meanwhile.
 */
export async function updateProfile(request: ProfileRequest, caller: Caller, deps: Deps): Promise<User> {
  const { actor, update, ifMatch } = request
  refuseInvalid(profileUpdateErrors(update, actor.user, deps))
  const address = update.email === undefined ? null : readEmail(update.email)
  if (address && address.key !== readEmail(actor.user.email)?.key) {
    requireFreshAuthentication(actor, deps.clock.now())
    await requireRecipient(`change ${address.key}`, deps)
  }
  let user = actor.user
  for (let attempt = 0; attempt < queues.profileRetries; attempt += 1) {
    if (Array.isArray(ifMatch) && !ifMatch.includes(user.version)) throw new DomainError('profile_changed')
    const { change, trail } = await plan(user, { update, address }, { caller, deps })
    if (!change) return user
    const updated = await deps.store.updateProfile(change, trail)
    if (updated.kind === 'updated') return updated.user
    if (updated.kind === 'conflict') throw taken(updated.fields)
    user = await readAgain(actor, deps)
  }
  throw new DomainError('overloaded', { detail: 'The profile is being changed by many requests at once.' })
}

/** Every rule that an update of this user breaks, for as much of it as could be read. */
export function profileUpdateErrors(
  update: ProfileUpdate,
  user: User,
  { rules }: Pick<Deps, 'rules'>,
): FieldError[] {
  return [...userFieldErrors(update), ...mergedErrors(user, update.profile, rules.profile)]
}

/** A member that older rules left behind is no fault of an update that leaves it alone. */
function mergedErrors(user: User, patch: JsonObject | undefined, rules: ProfileRules): FieldError[] {
  if (!patch) return []
  const touched = new Set(Object.keys(patch).map((name) => `/profile/${escapePointer(name)}`))
  return rules
    .errors(mergeProfile(user.profile, patch))
    .filter(({ code, pointer }) => code !== 'unknown_field' || touched.has(memberOf(pointer)))
}

/** `/profile/address` of `/profile/address/city`. */
function memberOf(pointer: string): string {
  return pointer.split('/').slice(0, 3).join('/')
}

/** What is to be written, compared with this version of the user; no change where nothing differs. */
async function plan(
  user: User,
  { update, address }: { update: ProfileUpdate; address: EmailAddress | null },
  { caller, deps }: { caller: Caller; deps: Deps },
): Promise<{ change: ProfileChange | null; trail: Trail | null }> {
  const profile = update.profile && mergeProfile(user.profile, update.profile)
  refuseInvalid(mergedErrors(user, update.profile, deps.rules.profile))
  const username = update.username === user.username ? undefined : update.username
  const locale = update.locale === user.locale ? undefined : update.locale
  const pending = address && pendingAddress(user, address)
  const fields = {
    ...(username !== undefined && { username }),
    ...(locale !== undefined && { locale }),
    ...(profile && !sameProfile(profile, user.profile) && { profile }),
    ...(pending && { pendingEmail: pending.email }),
  }
  if (Object.keys(fields).length === 0) return { change: null, trail: null }
  const base = {
    userId: user.id,
    expectVersion: user.version,
    expectEpoch: user.epoch,
    now: deps.clock.now(),
  }
  const link = pending?.email ? await changeLink(user, pending.email, { caller, deps }) : null
  const strict = deps.rules.disclosure === 'strict'
  const audited = username !== undefined || pending
  const detail = [username !== undefined && 'username', pending && 'email'].filter(Boolean).join(' ')
  return {
    change: { ...base, ...fields, ...(link && { token: link.token, concealTaken: strict }) },
    trail: audited
      ? {
          audit: auditEvent({ action: 'profile', userId: user.id, detail }, caller, deps),
          ...(link && { mail: link.mail }),
        }
      : null,
  }
}

function changeLink(user: User, email: string, { caller, deps }: { caller: Caller; deps: Deps }) {
  const link = { kind: 'change_email', owner: { ...user, email }, auditAction: null } as const
  return deps.rules.disclosure === 'strict'
    ? concealedLink(link, caller, deps)
    : oneTimeLink(link, caller, deps)
}

/**
 * The pending address to write: a new one, none where the present one is given again, null for no
 * difference.
 */
function pendingAddress(user: User, address: EmailAddress): { email: string | null } | null {
  if (address.key !== readEmail(user.email)?.key) return { email: address.address }
  return user.pendingEmail === null ? null : { email: null }
}

/** Compares contents, not the order of keys. */
function sameProfile(one: JsonObject, other: JsonObject): boolean {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...keys].every((key) => JSON.stringify(one[key]) === JSON.stringify(other[key]))
}

/** The version that won, if this session may still write to it. */
async function readAgain(actor: Actor, deps: Deps): Promise<User> {
  const query = { userId: actor.user.id, sessionId: actor.session.id, now: deps.clock.now() }
  const found = await deps.store.findSession(query)
  if (!found) throw new DomainError('session_revoked')
  return found.user
}
