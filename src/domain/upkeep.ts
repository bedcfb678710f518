/** What only the operator does with the data as a whole. */
import type { Deps } from './deps.ts'
import { requireOperator, type Administrator } from './policy.ts'
import type { Finding } from './ports/administration.ts'
import type { SigningKeyInfo } from './ports/crypto.ts'
import type { Ms } from './ports/runtime.ts'

/** How a server and its data are, as far as they can tell themselves. */
export interface Condition {
  readonly now: Ms
  readonly writable: boolean
  /** What is wrong with the store, where it is not writable. */
  readonly detail: string
  readonly keys: readonly SigningKeyInfo[]
  readonly mail: { readonly waiting: number; readonly oldestDueAt: Ms | null }
  readonly hasAdmin: boolean
  /** How long one password hash took, waits included. */
  readonly hashMs: number
}

/** Looks at everything that a check-up asks for. Throws `permission_denied` for anybody but the operator. */
export async function condition(
  { actor, stopwatch }: { readonly actor: Administrator; readonly stopwatch: () => Ms },
  deps: Deps,
): Promise<Condition> {
  requireOperator(actor)
  const { store, passwords, signingKeys, clock } = deps
  const [{ writable, detail }, keys, mail, hasAdmin] = await Promise.all([
    store.health(),
    signingKeys.list(),
    store.mailBacklog(),
    store.hasAdmin(),
  ])
  const began = stopwatch()
  await passwords.hash('how long does one take')
  return { now: clock.now(), writable, detail, keys, mail, hasAdmin, hashMs: stopwatch() - began }
}

/** Checks a stretch of the data against itself. Throws `permission_denied`. */
export async function verifyData(
  { actor, cursor }: { readonly actor: Administrator; readonly cursor: string | null },
  deps: Deps,
): Promise<{
  readonly checked: number
  readonly findings: readonly Finding[]
  readonly cursor: string | null
}> {
  requireOperator(actor)
  return deps.store.verify({ cursor })
}

/** Rewrites free space, so that nothing deleted is readable in it. Throws `permission_denied`. */
export async function scrubData(actor: Administrator, deps: Deps): Promise<void> {
  requireOperator(actor)
  await deps.store.scrub()
}
