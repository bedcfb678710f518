import { randomBytes, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'

import type { Passwords } from '../domain/ports/crypto.ts'
import type { Log } from '../domain/ports/runtime.ts'
import type { OnHashStarted } from '../domain/ports/watching.ts'
import type { Argon2Task } from './argon2-worker.ts'
import { createHashThreads, type Hasher } from './hash-threads.ts'
import { createHashQueue } from './hash-queue.ts'
import { isCommonPassword } from './password-blocklist.ts'
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
}): PasswordService {
  const { log, onStarted } = options
  return passwordsOn(createHashThreads({ log, threads: availableParallelism() }), onStarted)
}

/** The same on any hasher. */
export function passwordsOn(hasher: Hasher, onStarted?: OnHashStarted): PasswordService {
  const queue = createHashQueue(hasher.threads, (task: Argon2Task) => hasher.compute(task), onStarted)
  // A tag that no password has: what is compared with it costs what a user costs, and is never equal.
  const stranger = newStoredHash(randomBytes(currentCost.tagBytes))

  async function tagOf(password: string, like: StoredHash, gone?: AbortSignal): Promise<Uint8Array> {
    const { salt, memoryKib, passes, lanes, tag } = like
    const task = { password, salt, memoryKib, passes, lanes, tagBytes: tag.length }
    return (await queue.run(task, gone)).tag
  }

  return {
    async hash(password, gone) {
      const fresh = newStoredHash(new Uint8Array(currentCost.tagBytes))
      return writePhc({ ...fresh, tag: await tagOf(password, fresh, gone) })
    },
    async verify(password, phc, gone) {
      const stored = phc === null ? null : readPhc(phc)
      const expected = stored ?? stranger
      const equal = timingSafeEqual(await tagOf(password, expected, gone), expected.tag)
      return equal && stored !== null
    },
    isCommon: isCommonPassword,
    waiting: queue.waiting,
    running: queue.running,
    async close() {
      await queue.close()
      await hasher.close()
    },
  }
}

function newStoredHash(tag: Uint8Array): StoredHash {
  const { memoryKib, passes, lanes, saltBytes } = currentCost
  return { salt: randomBytes(saltBytes), memoryKib, passes, lanes, tag }
}
