import { randomBytes, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'

import type { Passwords } from '../domain/ports/crypto.ts'
import type { Log } from '../domain/ports/runtime.ts'
import type { OnHashStarted } from '../domain/ports/watching.ts'
import type { Argon2Task } from './argon2-worker.ts'
import { createHashThreads, type Hasher } from './hash-threads.ts'
import { createHashQueue } from './hash-queue.ts'
import { isCommonPassword } from './password-blocklist.ts'
import type { PasswordList } from './password-list.ts'
import type { Pepper } from './pepper.ts'
import { currentCost, readPhc, type StoredHash, writePhc } from './phc.ts'

export interface PasswordService extends Passwords {
  /** Refuses the hashes that wait, lets the running ones end, and stops the threads. */
  close(): Promise<void>
  /** How many hashes wait for a thread. */
  waiting(): number
  /** How many are being computed. */
  running(): number
}

/**
 * Passwords as argon2id PHC strings (RFC 9106), hashed in threads of their own, one a core, behind a bounded
 * queue (security: section 5.1).
 */
export function createPasswords(options: {
  readonly log: Log
  readonly onStarted?: OnHashStarted | undefined
  readonly extras?: PasswordExtras
}): PasswordService {
  const { log, onStarted, extras } = options
  const hasher = createHashThreads({ log, threads: availableParallelism() })
  return passwordsOn(hasher, onStarted, { log, ...extras })
}

/** What is off unless the operator sets it. */
export interface PasswordExtras {
  /** Passwords to refuse, besides the built-in list. */
  readonly list?: PasswordList | null
  /** The first goes into new hashes, the others only into hashes that name them. */
  readonly peppers?: readonly Pepper[]
}

/** The same on any hasher. */
export function passwordsOn(
  hasher: Hasher,
  onStarted?: OnHashStarted,
  extras: PasswordExtras & { readonly log?: Log } = {},
): PasswordService {
  const { list, peppers = [], log } = extras
  const current = peppers[0]?.keyId ?? null
  const pepperOf = (keyId: string | null) => peppers.find((pepper) => pepper.keyId === keyId)
  const queue = createHashQueue(hasher.threads, (task: Argon2Task) => hasher.compute(task), onStarted)
  // A tag that no password has: what is compared with it costs what a user costs, and is never equal.
  const stranger = newStoredHash(randomBytes(currentCost.tagBytes))

  async function tagOf(password: string, like: StoredHash, gone?: AbortSignal): Promise<Uint8Array> {
    const { salt, memoryKib, passes, lanes, tag, keyId } = like
    const secret = pepperOf(keyId)?.secret
    const task = { password, salt, memoryKib, passes, lanes, tagBytes: tag.length, secret }
    return (await queue.run(task, gone)).tag
  }

  return {
    async hash(password, gone) {
      const fresh = { ...newStoredHash(new Uint8Array(currentCost.tagBytes)), keyId: current }
      return writePhc({ ...fresh, tag: await tagOf(password, fresh, gone) })
    },
    async verify(password, phc, gone) {
      const stored = phc === null ? null : readPhc(phc)
      const expected = stored ?? stranger
      const equal = timingSafeEqual(await tagOf(password, expected, gone), expected.tag)
      if (expected.keyId === null || pepperOf(expected.keyId)) return equal && stored !== null
      log?.error(
        { event: 'pepper_missing', keyId: expected.keyId },
        'a password cannot be verified, since its pepper is missing: UM_PASSWORD_PEPPER_FILE has to hold it',
      )
      return false
    },
    isOutdated(phc) {
      const stored = readPhc(phc)
      if (!stored) return false
      const { memoryKib, passes, lanes, salt, tag, keyId } = stored
      const is = { memoryKib, passes, lanes, saltBytes: salt.length, tagBytes: tag.length }
      const { keyId: wanted, ...cost } = { ...currentCost, keyId: current }
      return (
        keyId !== wanted ||
        (Object.keys(cost) as (keyof typeof cost)[]).some((name) => is[name] !== cost[name])
      )
    },
    isCommon(password) {
      const listed = (text: string) => list?.has(text) ?? false
      return isCommonPassword(password) || listed(password) || listed(password.toLowerCase())
    },
    requireRoom: queue.requireRoom,
    waiting: queue.waiting,
    running: queue.running,
    async close() {
      await queue.close()
      list?.close()
      await hasher.close()
    },
  }
}

function newStoredHash(tag: Uint8Array): StoredHash {
  const { memoryKib, passes, lanes, saltBytes } = currentCost
  return { salt: randomBytes(saltBytes), memoryKib, passes, lanes, tag, keyId: null }
}
