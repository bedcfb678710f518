/**
 * A list of passwords to refuse, as `passwords build-list` writes it. All numbers are little-endian:
 *
 * - 16 bytes: `UMPWLIST`, the version (u32, 1), the number of bits `b` (u32)
 * - 2 ** b filters, one behind the other: their fingerprints (u16 each)
 * - for each filter 12 bytes: seed, length of a segment, number of first segments (u32 each)
 * - the number of entries (u64), and the SHA-256 of everything before it
 *
 * An entry is a SHA-1, since that is what public breaches are published as: its first `b` bits choose the
 * filter, its bytes 4 to 11 are the key in it (big-endian). Other filters are never looked at: a question
 * costs six bytes of the file.
 */
import { createHash, hash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { DomainError } from '../domain/errors.ts'
import { passwordLists } from '../domain/limits.ts'
import { fuseHas, fuseLength, type FuseShape } from './fuse-filter.ts'

export const MAGIC = 'UMPWLIST'
export const VERSION = 1
export const HEAD_BYTES = 16
export const SHAPE_BYTES = 12
export const COUNT_BYTES = 8
const CHECKSUM_BYTES = 32
const FINGERPRINT_BYTES = 2
const FOOT_BYTES = COUNT_BYTES + CHECKSUM_BYTES
const READ_BYTES = 1024 * 1024

/** An open list. */
export interface PasswordList {
  readonly entries: number
  /** Always right for what is in the list; for anything else wrong once in 65,536. */
  has(text: string): boolean
  close(): void
}

/** Where an entry is looked for: the filter, and the key in it. */
export interface ListKey {
  readonly shard: number
  readonly high: number
  readonly low: number
}

/** The key of a SHA-1 in a list with 2 ** `bits` filters. */
export function listKey(digest: Buffer, bits: number): ListKey {
  const shard = Math.floor(digest.readUInt32BE(0) / 2 ** (32 - bits))
  return { shard, high: digest.readUInt32BE(4), low: digest.readUInt32BE(8) }
}

interface Shard extends FuseShape {
  /** Where its fingerprints begin in the file. */
  readonly start: number
}

/**
 * Opens a list and reads it once from the first to the last byte, which takes about a second a gigabyte. Up
 * to 64 MiB it stays in memory, a larger one is read where it is asked. Throws `start_refused` for a file
 * that is not there, is none of ours, or has been altered or cut off.
 */
export function openPasswordList(
  file: string,
  memoryMaxBytes: number = passwordLists.memoryMaxBytes,
): PasswordList {
  const descriptor = opened(file)
  try {
    const { size } = fstatSync(descriptor)
    const inMemory = size <= memoryMaxBytes
    const content = inMemory ? readFileSync(descriptor) : null
    const read = (position: number, length: number): Buffer =>
      content ? content.subarray(position, position + length) : readAt(descriptor, position, length)
    const { shards, bits, entries } = readShape(size, read) ?? refuse(file, NOT_OURS)
    if (!checksumFits(size, read)) refuse(file, ALTERED)
    return {
      entries,
      has(text) {
        const { shard, ...key } = listKey(hash('sha1', text, 'buffer'), bits)
        const { start, ...shape } = shards[shard] ?? refuse(file, ALTERED)
        return fuseHas(key, shape, (place) => read(start + place * FINGERPRINT_BYTES, 2).readUInt16LE())
      },
      close: () => closeSync(descriptor),
    }
  } catch (error) {
    closeSync(descriptor)
    if (error instanceof DomainError) throw error
    return refuse(file, `cannot be read (${codeOf(error)}): correct its path or its rights`)
  }
}

const NOT_OURS =
  'is no list of this version, or is cut off: build it with "user-management passwords build-list"'
const ALTERED = 'has been altered or cut off: build it again, or copy it again'

type Read = (position: number, length: number) => Buffer

/** Null where sizes and numbers do not fit together. */
function readShape(
  size: number,
  read: Read,
): { readonly shards: readonly Shard[]; readonly bits: number; readonly entries: number } | null {
  if (size < HEAD_BYTES + SHAPE_BYTES + FOOT_BYTES) return null
  const head = read(0, HEAD_BYTES)
  const bits = head.readUInt32LE(12)
  if (head.toString('latin1', 0, 8) !== MAGIC || head.readUInt32LE(8) !== VERSION) return null
  const tableBytes = SHAPE_BYTES * 2 ** bits
  if (bits > passwordLists.shardBitsMax || size < HEAD_BYTES + tableBytes + FOOT_BYTES) return null
  const table = read(size - FOOT_BYTES - tableBytes, tableBytes)
  const shards: Shard[] = []
  let start = HEAD_BYTES
  for (let at = 0; at < tableBytes; at += SHAPE_BYTES) {
    const [seed, segmentLength, segmentCount] = [0, 4, 8].map((field) => table.readUInt32LE(at + field))
    const shape = { seed: seed ?? 0, segmentLength: segmentLength ?? 0, segmentCount: segmentCount ?? 0 }
    shards.push({ ...shape, start })
    start += fuseLength(shape) * FINGERPRINT_BYTES
  }
  if (start + tableBytes + FOOT_BYTES !== size) return null
  return { shards, bits, entries: Number(read(size - FOOT_BYTES, COUNT_BYTES).readBigUInt64LE()) }
}

function checksumFits(size: number, read: Read): boolean {
  const checksum = createHash('sha256')
  const end = size - CHECKSUM_BYTES
  for (let at = 0; at < end; at += READ_BYTES) checksum.update(read(at, Math.min(READ_BYTES, end - at)))
  return checksum.digest().equals(read(end, CHECKSUM_BYTES))
}

function readAt(descriptor: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const count = readSync(descriptor, bytes, filled, length - filled, position + filled)
    if (count === 0) throw new Error('the password list has become shorter')
    filled += count
  }
  return bytes
}

function opened(file: string): number {
  try {
    return openSync(file, 'r')
  } catch (error) {
    return refuse(file, `cannot be read (${codeOf(error)}): correct its path or its rights`)
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}

function refuse(file: string, why: string): never {
  throw new DomainError('start_refused', { detail: `The file ${file} of UM_PASSWORD_LIST_FILE ${why}.` })
}
