import type { RoleTable } from './policy.ts'
import type { BreachedPasswords } from './ports/breached-passwords.ts'
import type { AccessTokens, Passwords, Secrets, SigningKeys } from './ports/crypto.ts'
import type { FieldError } from './errors.ts'
import type { RateTable } from './rates.ts'
import type { Clock, Ids, JsonObject, Log } from './ports/runtime.ts'
import type { Store } from './ports/store.ts'

/** `standard`: 8 characters or more; `nist`: 15 or more, and no short password made longer. */
export type PasswordPolicy = 'standard' | 'nist'

/** The settings that the rules read. */
export interface Rules {
  /** No slash at the end. Links in mails begin with it; never a request header. */
  readonly publicUrl: string
  readonly registration: 'open' | 'closed'
  /** Whether a taken address is named to whoever types it (`friendly`), or only to its owner. */
  readonly disclosure: 'friendly' | 'strict'
  readonly requireVerifiedEmail: boolean
  readonly passwordPolicy: PasswordPolicy
  /** Every role that there is, and what it grants. */
  readonly roles: RoleTable
  /** What the profile may hold. */
  readonly profile: ProfileRules
}

/** The rules of the `profile` object: the built-in ones, or the operator's own JSON Schema. */
export interface ProfileRules {
  /** What is wrong with a whole profile, as it would be stored; pointers begin with `/profile`. */
  errors(profile: JsonObject): readonly FieldError[]
}

/** Everything a use case may touch. Built once, in `app.ts`. */
export interface Deps {
  readonly store: Store
  readonly passwords: Passwords
  readonly breached: BreachedPasswords
  readonly accessTokens: AccessTokens
  readonly secrets: Secrets
  readonly signingKeys: SigningKeys
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly rules: Rules
  /** How often things may be tried. */
  readonly rates: RateTable
}

/** A client's network, in canonical text: an IPv4 address, or an IPv6 /64. */
export interface Network {
  readonly address: string
  /** The /48 around an IPv6 /64. */
  readonly wide: string | null
}

/** Who calls, as far as the request itself tells. */
export interface Caller {
  readonly requestId: string
  readonly userAgent: string | null
  /** Where the request comes from; null for the control socket and the process itself. */
  readonly network?: Network | null
  /** Aborted when the client hangs up, so that work for nobody is dropped while it waits. */
  readonly gone?: AbortSignal
}
