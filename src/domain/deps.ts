import type { AccessTokens, Passwords, Secrets } from './ports/crypto.ts'
import type { Clock, Ids, Log } from './ports/runtime.ts'
import type { Store } from './ports/store.ts'

/** The settings that the rules read. */
export interface Rules {
  /** No slash at the end. Links in mails begin with it; never a request header. */
  readonly publicUrl: string
  readonly registration: 'open' | 'closed'
  readonly requireVerifiedEmail: boolean
}

/** Everything a use case may touch. Built once, in `app.ts`. */
export interface Deps {
  readonly store: Store
  readonly passwords: Passwords
  readonly accessTokens: AccessTokens
  readonly secrets: Secrets
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly rules: Rules
}

/** Who calls, as far as the request itself tells. */
export interface Caller {
  readonly requestId: string
  readonly userAgent: string | null
  /** Aborted when the client hangs up, so that work for nobody is dropped while it waits. */
  readonly gone?: AbortSignal
}
