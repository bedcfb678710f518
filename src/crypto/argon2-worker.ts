/**
 * The code that runs in the hash threads. It computes argon2id tags and does nothing else, so that a thread
 * is never busy with anything but a hash, and libuv's thread pool never holds one.
 */
import { argon2Sync } from 'node:crypto'

/** One argon2id computation (RFC 9106 section 3.1). */
export interface Argon2Task {
  readonly password: string
  readonly salt: Uint8Array
  readonly memoryKib: number
  readonly passes: number
  readonly lanes: number
  readonly tagBytes: number
  /** The pepper: the secret input K. */
  readonly secret?: Uint8Array | undefined
}

export interface Argon2Result {
  readonly tag: Uint8Array
  /** Wall-clock milliseconds that the hash itself took in its thread. */
  readonly ms: number
  readonly engine: 'node-rs' | 'node'
}

type Engine = (task: Argon2Task) => Uint8Array

/** `const enum Algorithm.Argon2id` of the package, which type stripping can't read. */
const ARGON2ID = 2

const nodeRs: Engine | null = await loadNodeRs()

/** The task of the pool: hashes synchronously, in this thread. */
export function argon2(task: Argon2Task): Argon2Result {
  const started = performance.now()
  const tag = (nodeRs ?? nodeEngine)(task)
  return { tag, ms: performance.now() - started, engine: nodeRs ? 'node-rs' : 'node' }
}

/** The fallback: the same tag at 2.4 times the processor time. */
export function nodeEngine(task: Argon2Task): Uint8Array {
  return argon2Sync('argon2id', {
    message: task.password,
    nonce: task.salt,
    memory: task.memoryKib,
    passes: task.passes,
    parallelism: task.lanes,
    tagLength: task.tagBytes,
    ...(task.secret && { secret: task.secret }),
  })
}

/** The native engine, or null on a platform that the package has no binary for (and under `--permission`). */
export async function loadNodeRs(): Promise<Engine | null> {
  try {
    const { hashRawSync } = await import('@node-rs/argon2')
    return (task) =>
      hashRawSync(task.password, {
        algorithm: ARGON2ID,
        salt: task.salt,
        memoryCost: task.memoryKib,
        timeCost: task.passes,
        parallelism: task.lanes,
        outputLen: task.tagBytes,
        ...(task.secret && { secret: task.secret }),
      })
  } catch {
    return null
  }
}
