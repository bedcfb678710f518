import type { Caller, Deps } from './deps.ts'
import { readEmail } from './keys.ts'
import { notice } from './notice.ts'
import { decoyOwner, oneTimeLink, type LinkOwner, type NewLink } from './one-time-link.ts'
import type { NewToken, OutgoingMail } from './ports/records.ts'
import type { Id } from './ports/runtime.ts'
import { admitRecipient } from './throttle.ts'
import type { User } from './user.ts'

/**
 * A link to an address, under strict disclosure (ASVS 6.3.8): whoever asks can't tell whether the address is
 * taken. Where it is, its holder is told, and the token goes to nobody; token and mail are made and stored
 * on both paths.
 */
export async function concealedLink(
  link: NewLink & { readonly owner: LinkOwner & { readonly id: Id } },
  caller: Caller,
  deps: Deps,
): Promise<{ token: NewToken; mail: OutgoingMail }> {
  const { owner } = link
  const key = readEmail(owner.email)?.key ?? 'none'
  const holder = await deps.store.findUserByIdentifier({ key })
  const admitted = await admitRecipient(`concealed ${key}`, deps)
  const { token, mail } = oneTimeLink(link, caller, deps)
  const { id: userId } = holder ?? owner
  const told = notice({ kind: 'address_taken', userId, to: null }, deps)
  // Too many for one address: this one is for nobody.
  if (!admitted) return { token, mail: oneTimeLink({ ...link, owner: decoyOwner }, caller, deps).mail }
  return { token, mail: holder && keepsAddress(holder) ? told : mail }
}

/** An unverified account never keeps an address from its owner; a disabled one can't be displaced. */
function keepsAddress(holder: User): boolean {
  return holder.emailVerified || holder.status === 'disabled'
}
