import { randomBytes, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'

import { preparePassword } from '../domain/password-rules.ts'
import type { Passwords } from '../domain/ports/crypto.ts'
import type { Log } from '../domain/ports/runtime.ts'
import type { OnHashStarted } from '../domain/ports/watching.ts'
import { readStoredHash } from './foreign-hashes.ts'
import { readAnySpelling } from './hash-spellings.ts'
import { createHashThreads, type Hasher } from './hash-threads.ts'
import { createHashQueue } from './hash-queue.ts'
import { hashWeight } from './hash-weight.ts'
import type { Argon2Method, HashMethod, HashTask } from './hash-worker.ts'
import { isCommonPassword } from './password-blocklist.ts'
import type { PasswordList } from './password-list.ts'
import type { Pepper } from './pepper.ts'
import { currentCost, type StoredHash, writePhc } from './phc.ts'

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
  const queue = createHashQueue(hasher.threads, (task: HashTask) => hasher.compute(task), {
    onStarted,
    weightOf: ({ method }) => hashWeight(method),
  })
  // A tag that no password has: what is compared with it costs what a user costs, and is never equal.
  const stranger = newStoredHash(randomBytes(currentCost.tagBytes))

  async function tagOf(password: string, like: StoredHash, gone?: AbortSignal): Promise<Uint8Array> {
    const task = { password, method: like.method, secret: pepperOf(like.keyId)?.secret }
    return (await queue.run(task, gone)).tag
  }

  return {
    async hash(password, gone) {
      const fresh = { ...newStoredHash(new Uint8Array(currentCost.tagBytes)), keyId: current }
      return writePhc({ ...fresh, tag: await tagOf(password, fresh, gone) })
    },
    async verify(password, text, gone) {
      const stored = text === null ? null : readStoredHash(text)
      const expected = stored ?? stranger
      const tag = await tagOf(asHashed(password, expected), expected, gone)
      const equal = timingSafeEqual(tag, expected.tag)
      if (expected.keyId === null || pepperOf(expected.keyId))
        return equal && stored !== null && !isAmbiguous(password, expected)
      tellMissingPepper(expected.keyId, log)
      return false
    },
    isOutdated(text) {
      const stored = readStoredHash(text)
      return stored !== null && (stored.keyId !== current || !hasCurrentCost(stored.method))
    },
    importable(text) {
      const read = readAnySpelling(text)
      const keyId = read?.hash.keyId
      return !read || (keyId && !pepperOf(keyId)) ? null : read.text
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

function tellMissingPepper(keyId: string, log: Log | undefined): void {
  log?.error(
    { event: 'pepper_missing', keyId },
    'a password cannot be verified, since its pepper is missing: UM_PASSWORD_PEPPER_FILE has to hold it',
  )
}

function newStoredHash(tag: Uint8Array): StoredHash<Argon2Method> {
  const { saltBytes, ...cost } = currentCost
  return { method: { kind: 'argon2id', salt: randomBytes(saltBytes), ...cost }, tag, keyId: null }
}

function hasCurrentCost(method: HashMethod): boolean {
  if (method.kind !== 'argon2id') return false
  const is = { ...method, saltBytes: method.salt.length }
  return (Object.keys(currentCost) as (keyof typeof currentCost)[]).every(
    (name) => is[name] === currentCost[name],
  )
}

/** What other systems have hashed is what came in; argon2id is taken for a hash of ours. */
function asHashed(password: string, { method }: StoredHash): string {
  return method.kind === 'argon2id' ? preparePassword(password) : password
}

/** bcrypt repeats a password with a zero byte between: "a" and "a\0a" are the same to it. */
function isAmbiguous(password: string, { method }: StoredHash): boolean {
  return method.kind === 'bcrypt' && password.includes('\0')
}
