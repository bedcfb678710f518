/**
 * The code that runs in the hash threads. It computes password hashes and does nothing else, so that a thread
 * is never busy with anything but a hash, and libuv's thread pool never holds one.
 */
import { argon2Sync, createCipheriv, pbkdf2Sync, scryptSync } from 'node:crypto'
import { constants, getPriority, setPriority } from 'node:os'
import { isMainThread } from 'node:worker_threads'

import { crypto } from '../domain/limits.ts'

/** Argon2 version 19 (RFC 9106 section 3.1). */
export interface Argon2Method {
  readonly kind: 'argon2id' | 'argon2i' | 'argon2d'
  readonly salt: Uint8Array
  readonly memoryKib: number
  readonly passes: number
  readonly lanes: number
  readonly tagBytes: number
}

/** bcrypt: of a password it reads the first 72 bytes. */
export interface BcryptMethod {
  readonly kind: 'bcrypt'
  /** What stands in front of the tag: version, cost and salt, 29 characters. */
  readonly setting: string
  readonly cost: number
}

/** scrypt (RFC 7914). */
export interface ScryptMethod {
  readonly kind: 'scrypt'
  readonly salt: Uint8Array
  readonly logCost: number
  readonly blockSize: number
  readonly lanes: number
  readonly tagBytes: number
  /** Better Auth: a password is hashed in its NFKC form, `nf=kc` in the text. */
  readonly isNormalized: boolean
  /** Firebase: what scrypt gives is no tag but the key under which these bytes are. */
  readonly signerKey: Uint8Array | null
}

/** PBKDF2 with HMAC (RFC 8018 section 5.2). */
export interface Pbkdf2Method {
  readonly kind: 'pbkdf2'
  readonly digest: 'sha1' | 'sha256' | 'sha512'
  readonly salt: Uint8Array
  readonly iterations: number
  readonly tagBytes: number
}

/** How a hash is computed, its salt included. */
export type HashMethod = Argon2Method | BcryptMethod | ScryptMethod | Pbkdf2Method

export interface HashTask<Method extends HashMethod = HashMethod> {
  readonly password: string
  readonly method: Method
  /** The pepper: the secret input K of argon2; nothing else has one. */
  readonly secret?: Uint8Array | undefined
}

export interface HashResult {
  /** Of bcrypt the 31 characters of its text. */
  readonly tag: Uint8Array
  /** Wall-clock milliseconds that the hash itself took in its thread. */
  readonly ms: number
  /** What computes argon2 here. */
  readonly engine: 'node-rs' | 'node'
}

type Engine = (task: HashTask<Argon2Method>) => Uint8Array

/** `const enum Algorithm` of the package, which type stripping can't read. */
const ALGORITHMS = { argon2d: 0, argon2i: 1, argon2id: 2 } as const

const SETTING_LENGTH = 29
const FIREBASE_KEY_BYTES = 32

const nodeRs: Engine | null = await loadNodeRs()

// Elsewhere it would be the priority of the whole process.
if (process.platform === 'linux' && !isMainThread) giveWay()

/** The task of the pool: hashes synchronously, in this thread. */
export async function computeHash(task: HashTask): Promise<HashResult> {
  const started = performance.now()
  const tag = await tagOf(task)
  return { tag, ms: performance.now() - started, engine: nodeRs ? 'node-rs' : 'node' }
}

function giveWay(): void {
  try {
    setPriority(Math.min(getPriority() + crypto.hashThreadNiceness, constants.priority.PRIORITY_LOW))
  } catch {
    // A sandbox may forbid it: requests then wait longer for hashes, which is better than to have none.
  }
}

function tagOf({ password, method, secret }: HashTask): Uint8Array | Promise<Uint8Array> {
  switch (method.kind) {
    case 'bcrypt':
      return bcrypt(password, method)
    case 'scrypt':
      return scrypt(password, method)
    case 'pbkdf2':
      return pbkdf2Sync(password, method.salt, method.iterations, method.tagBytes, method.digest)
    case 'argon2id':
    case 'argon2i':
    case 'argon2d':
      return (nodeRs ?? nodeEngine)({ password, method, secret })
  }
}

async function bcrypt(password: string, { setting }: BcryptMethod): Promise<Uint8Array> {
  // Loaded here and not above: most installations never have such a hash.
  const { hashSync } = await import('bcryptjs')
  return Buffer.from(hashSync(password, setting).slice(SETTING_LENGTH), 'latin1')
}

function scrypt(password: string, method: ScryptMethod): Uint8Array {
  const { salt, logCost, blockSize, lanes, signerKey } = method
  const hashed = method.isNormalized ? password.normalize('NFKC') : password
  const cost = { N: 2 ** logCost, r: blockSize, p: lanes, maxmem: 2 * crypto.scrypt.memoryMaxBytes }
  if (!signerKey) return scryptSync(hashed, salt, method.tagBytes, cost)
  const key = scryptSync(hashed, salt, FIREBASE_KEY_BYTES, cost)
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(signerKey)
}

/** The fallback: the same tag at 2.4 times the processor time. */
export function nodeEngine({ password, method, secret }: HashTask<Argon2Method>): Uint8Array {
  return argon2Sync(method.kind, {
    message: password,
    nonce: method.salt,
    memory: method.memoryKib,
    passes: method.passes,
    parallelism: method.lanes,
    tagLength: method.tagBytes,
    ...(secret && { secret }),
  })
}

/** The native engine, or null on a platform that the package has no binary for (and under `--permission`). */
export async function loadNodeRs(): Promise<Engine | null> {
  try {
    const { hashRawSync } = await import('@node-rs/argon2')
    return ({ password, method, secret }) =>
      hashRawSync(password, {
        algorithm: ALGORITHMS[method.kind],
        salt: method.salt,
        memoryCost: method.memoryKib,
        timeCost: method.passes,
        parallelism: method.lanes,
        outputLen: method.tagBytes,
        ...(secret && { secret }),
      })
  } catch {
    return null
  }
}
