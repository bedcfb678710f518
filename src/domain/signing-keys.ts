import type { Caller, Deps } from './deps.ts'
import { DomainError } from './errors.ts'
import { requireOperator, type Administrator } from './policy.ts'
import type { MasterKey, SigningKeyInfo } from './ports/crypto.ts'
import type { Trail } from './ports/records.ts'
import { auditEvent } from './trail.ts'

/** The signing keys, the active one first. Throws `permission_denied` for anybody but the operator. */
export async function listKeys(actor: Administrator, deps: Deps): Promise<readonly SigningKeyInfo[]> {
  requireOperator(actor)
  return deps.signingKeys.list()
}

/**
 * Lets the next key sign, without downtime. Throws `permission_denied`, or `request_invalid` while services
 * may not know the next key yet; `force` does it all the same. With another master key: `request_invalid`.
 */
export async function rotateKeys(
  { actor, force }: { readonly actor: Administrator; readonly force: boolean },
  caller: Caller,
  deps: Deps,
): Promise<readonly SigningKeyInfo[]> {
  requireOperator(actor)
  const detail = force ? 'rotated by force' : 'rotated'
  const outcome = await said(deps.signingKeys.rotate({ force }, trail(detail, caller, deps)))
  if (outcome.kind === 'rotated') return outcome.keys
  throw new DomainError('request_invalid', {
    detail:
      'Services that verify our tokens may not know the next signing key yet. It can sign from ' +
      `${new Date(outcome.readyAt).toISOString()} on; rotate then, or at once with --force.`,
  })
}

/**
 * Takes a compromised key out: every token that it signed is refused from now on, on other nodes within a
 * minute. Throws `permission_denied` or `not_found`.
 */
export async function dropKey(
  { actor, kid }: { readonly actor: Administrator; readonly kid: string },
  caller: Caller,
  deps: Deps,
): Promise<readonly SigningKeyInfo[]> {
  requireOperator(actor)
  const outcome = await said(deps.signingKeys.drop({ kid }, trail(`dropped ${kid}`, caller, deps)))
  if (outcome.kind === 'dropped') return outcome.keys
  throw new DomainError('not_found', {
    detail: 'There is no signing key with this id; "keys list" names them all.',
  })
}

/** Adds the master key that is to seal next. Throws `permission_denied` or `request_invalid`. */
export async function prepareMasterKey(actor: Administrator, masterKey: MasterKey): Promise<void> {
  requireOperator(actor)
  if ((await said(masterKey.prepare())).kind === 'prepared') return
  throw new DomainError('request_invalid', {
    detail:
      'The master key file holds a prepared key already. Bring the file to every server, start each of ' +
      'them again, then run "keys rotate --master".',
  })
}

/**
 * Lets the next master key seal. Says whether it has, or whether instead an earlier rotation that was cut off
 * has been brought to its end. Throws `permission_denied` or `request_invalid`.
 */
export async function rotateMasterKey(
  { actor, masterKey }: { readonly actor: Administrator; readonly masterKey: MasterKey },
  caller: Caller,
  deps: Deps,
): Promise<'rotated' | 'completed'> {
  requireOperator(actor)
  const { kind } = await said(masterKey.rotate(trail('sealed with another master key', caller, deps)))
  if (kind !== 'unprepared') return kind
  throw new DomainError('request_invalid', {
    detail:
      'Other servers may use this database, and have to know the new master key before it seals. First ' +
      'run "keys rotate --master --prepare", bring the file to every server and start each of them again.',
  })
}

/** A key file or a store that would keep a server from starting: here it only refuses the command. */
async function said<Outcome>(work: Promise<Outcome>): Promise<Outcome> {
  try {
    return await work
  } catch (cause) {
    if (!(cause instanceof DomainError)) throw cause
    if (cause.code !== 'start_refused' && cause.code !== 'store_incompatible') throw cause
    throw new DomainError('request_invalid', { detail: cause.message, cause })
  }
}

function trail(detail: string, caller: Caller, deps: Deps): Trail {
  return { audit: auditEvent({ action: 'signing-keys', userId: null, detail }, caller, deps) }
}
