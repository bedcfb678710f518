import type { Caller, Deps } from './deps.ts'
import { DomainError } from './errors.ts'
import { requireFreshAuthentication, type Actor } from './policy.ts'
import type { SealPurpose } from './ports/crypto.ts'
import type { JsonObject, Ms } from './ports/runtime.ts'
import type { Exported } from './ports/records.ts'
import { auditEvent } from './trail.ts'
import type { User } from './user.ts'

export interface AccountExport {
  readonly exportedAt: Ms
  readonly user: User
  /** One array for each place that holds the user: the mirror of the deletion receipt's `erased`. */
  readonly entries: Exported
}

const sealedEntries: Readonly<Record<string, SealPurpose>> = {
  outgoing_mails: 'outbox',
  inbox_messages: 'inbox',
}

/** Live links stay out of an export: whoever reads the file later could redeem them. */
const leftOut = new Set(['link', 'links', 'tokens', 'html', 'text'])

/** Everything that is stored about the actor. Throws `fresh_authentication_required`. */
export async function exportAccount(actor: Actor, caller: Caller, deps: Deps): Promise<AccountExport> {
  const exportedAt = deps.clock.now()
  requireFreshAuthentication(actor, exportedAt)
  await deps.store.appendAudit(auditEvent({ action: 'export-account', userId: actor.user.id }, caller, deps))
  const exported = await deps.store.exportUser({ userId: actor.user.id })
  const user = await deps.store.findUser({ id: actor.user.id })
  if (!exported || !user) throw new DomainError('session_revoked')
  const entries = Object.entries(exported).map(([name, rows]) => [
    name,
    rows.map((row) => opened(name, row, deps)),
  ])
  return { exportedAt, user, entries: Object.fromEntries(entries) }
}

/** A row with its sealed part replaced by what it says. */
function opened(name: string, row: JsonObject, deps: Deps): JsonObject {
  const { sealed, ...rest } = row
  const { id } = row
  const purpose = sealedEntries[name]
  if (!purpose || typeof sealed !== 'string' || typeof id !== 'string') return row
  const plain = deps.secrets.open(purpose, id, Uint8Array.fromBase64(sealed))
  const content: JsonObject = plain === null ? {} : JSON.parse(plain)
  return { ...rest, ...Object.fromEntries(Object.entries(content).filter(([key]) => !leftOut.has(key))) }
}
