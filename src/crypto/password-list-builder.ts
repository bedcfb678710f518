import { createHash, hash } from 'node:crypto'
import { input, passwordLists } from '../domain/limits.ts'
import { preparePassword } from '../domain/password-rules.ts'
import { buildFuse } from './fuse-filter.ts'
import { HEAD_BYTES, listKey, MAGIC, SHAPE_BYTES, VERSION, COUNT_BYTES } from './password-list.ts'

const BREACH_LINE = /^[0-9A-Fa-f]{40}(?::(\d+))?$/
const FIRST_ROOM = 64
/** What an entry takes in memory is 8 bytes, and at the most this much more while there is room left. */
const GROWTH = 1.25

/** Gathers entries, then gives the file of the list. */
export interface PasswordListBuilder {
  /** Adds the SHA-1 of a breached password. */
  addDigest(digest: Buffer): void
  /** How many have been added, those that came twice included. */
  added(): number
  /** The bytes of the file, in order; once. */
  file(): Generator<Buffer, { readonly entries: number }>
}

/**
 * Keeps 8 to 10 bytes of each entry in memory, in groups by the first bits of the SHA-1; besides those it
 * needs some 40 MB to build one filter at a time. The same entries in any order give the same file.
 */
export function createPasswordListBuilder(): PasswordListBuilder {
  const groups = Array.from({ length: 2 ** passwordLists.shardBitsMax }, () => newGroup())
  let added = 0
  return {
    addDigest(digest) {
      const { shard, high, low } = listKey(digest, passwordLists.shardBitsMax)
      groups[shard]?.add(high, low)
      added += 1
    },
    added: () => added,
    *file() {
      const checksum = createHash('sha256')
      const bits = shardBitsFor(added)
      const perShard = groups.length / 2 ** bits
      const shapes: Buffer[] = []
      let entries = 0
      const head = Buffer.alloc(HEAD_BYTES)
      head.write(MAGIC, 'latin1')
      head.writeUInt32LE(VERSION, 8)
      head.writeUInt32LE(bits, 12)
      checksum.update(head)
      yield head
      for (let first = 0; first < groups.length; first += perShard) {
        const pairs = joined(groups.slice(first, first + perShard).map((group) => group.take()))
        entries += pairs.length / 2
        const { fingerprints, ...shape } = buildFuse(pairs)
        shapes.push(numbers([shape.seed, shape.segmentLength, shape.segmentCount]))
        const bytes = Buffer.alloc(fingerprints.length * 2)
        fingerprints.forEach((each, index) => bytes.writeUInt16LE(each, 2 * index))
        checksum.update(bytes)
        yield bytes
      }
      const count = Buffer.alloc(COUNT_BYTES)
      count.writeBigUInt64LE(BigInt(entries))
      const foot = Buffer.concat([...shapes, count])
      yield Buffer.concat([foot, checksum.update(foot).digest()])
      return { entries }
    },
  }
}

/** The SHA-1 of a line of a breach download (`SHA1:count`); null for padding (a count of 0), other text. */
export function breachedDigest(line: Buffer): Buffer | null {
  const found = BREACH_LINE.exec(line.toString('latin1'))
  return found && found[1] !== '0' ? Buffer.from(found[0].slice(0, 40), 'hex') : null
}

/** Whether this is a line of a breach download, padding included. */
export function isBreachLine(line: Buffer): boolean {
  return BREACH_LINE.test(line.toString('latin1'))
}

/** The SHA-1 of a password as it would be compared; null where no policy lets it be chosen anyway. */
export function listedDigest(line: Buffer): Buffer | null {
  const password = preparePassword(line.toString())
  const codePoints = [...password].length
  const choosable = codePoints >= input.passwordMinCodePoints && codePoints <= input.passwordMaxCodePoints
  return choosable ? hash('sha1', password, 'buffer') : null
}

function shardBitsFor(entries: number): number {
  const bits = Math.ceil(Math.log2(Math.max(1, entries) / passwordLists.shardEntries))
  return Math.min(Math.max(0, bits), passwordLists.shardBitsMax)
}

interface Group {
  add(high: number, low: number): void
  /** Every pair once; the group is empty then. */
  take(): Uint32Array
}

function newGroup(): Group {
  let pairs = new Uint32Array(0)
  let length = 0
  return {
    add(high, low) {
      if (length === pairs.length) {
        const larger = new Uint32Array(2 * Math.max(FIRST_ROOM, Math.ceil((length / 2) * GROWTH)))
        larger.set(pairs)
        pairs = larger
      }
      pairs[length] = high
      pairs[length + 1] = low
      length += 2
    },
    take() {
      const all = new BigUint64Array(pairs.buffer, 0, length / 2).sort()
      const taken = new Uint32Array(all.buffer, 0, length)
      let kept = 0
      for (let at = 0; at < length; at += 2) {
        if (kept > 0 && taken[at] === taken[kept - 2] && taken[at + 1] === taken[kept - 1]) continue
        taken.copyWithin(kept, at, at + 2)
        kept += 2
      }
      pairs = new Uint32Array(0)
      length = 0
      return taken.subarray(0, kept)
    },
  }
}

function joined(parts: readonly Uint32Array[]): Uint32Array {
  const whole = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function numbers(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(SHAPE_BYTES)
  values.forEach((value, index) => bytes.writeUInt32LE(value, 4 * index))
  return bytes
}
