import type { Caller, Deps } from './deps.ts'
import { DomainError } from './errors.ts'
import { preparePassword } from './password-rules.ts'
import type { User } from './user.ts'

/**
 * Replaces a hash that has another cost or pepper than new ones have, once its password has been proven.
 * Whoever else has replaced it meanwhile wins, and so does a server that is busy: the next sign-in tries
 * again.
 */
export async function upgradePasswordHash(
  { user, password }: { readonly user: User; readonly password: string },
  caller: Caller,
  deps: Deps,
): Promise<void> {
  const from = user.passwordHash
  if (from === null || !deps.passwords.isOutdated(from)) return
  try {
    const to = await deps.passwords.hash(preparePassword(password), caller.gone)
    const { kind } = await deps.store.upgradePasswordHash({ userId: user.id, from, to })
    if (kind === 'upgraded')
      deps.log.info({ event: 'password_hash_upgraded', userId: user.id }, 'password hash upgraded')
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
  }
}
