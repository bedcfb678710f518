/**
 * The last line of a backup: what it is, when it was made, and the SHA-256 of every byte before. SQLite
 * itself notices neither a changed byte inside of a value nor what stands behind its last page.
 */
import { createHash, type Hash } from 'node:crypto'
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { backup as limits } from '../../domain/limits.ts'
import type { Ms } from '../../domain/ports/runtime.ts'

const FORM = /^\nuser-management backup 1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) sha256 ([0-9a-f]{64})\n$/
const DIGEST_AND_END_BYTES = 65

/** How long the mark is. */
export const markBytes = headOf(0).length + DIGEST_AND_END_BYTES

function headOf(at: Ms): string {
  return `\nuser-management backup 1 ${new Date(at).toISOString()} sha256 `
}

/** Closes a copy with its mark, durably; says how long the file is now. */
export function addMark(path: string, at: Ms): number {
  const file = openSync(path, 'r+')
  try {
    const { size } = fstatSync(file)
    const head = headOf(at)
    const digest = hashOf(file, size).update(head).digest('hex')
    writeSync(file, `${head}${digest}\n`, size)
    fsyncSync(file)
    return size + markBytes
  } finally {
    closeSync(file)
  }
}

/** When a backup was made. `none`: it ends without a mark, `changed`: with one that does not fit the rest. */
export function readMark(
  path: string,
): { readonly kind: 'whole'; readonly at: Ms } | { readonly kind: 'none' | 'changed' } {
  const file = openSync(path, 'r')
  try {
    const end = fstatSync(file).size - markBytes
    if (end < 0) return { kind: 'none' }
    const mark = Buffer.alloc(markBytes)
    readSync(file, mark, 0, markBytes, end)
    const [, time = '', digest] = FORM.exec(mark.toString('latin1')) ?? []
    const at = Date.parse(time)
    if (digest === undefined || Number.isNaN(at)) return { kind: 'none' }
    const whole = hashOf(file, end).update(headOf(at)).digest('hex') === digest
    return whole ? { kind: 'whole', at } : { kind: 'changed' }
  } finally {
    closeSync(file)
  }
}

function hashOf(file: number, end: number): Hash {
  const hash = createHash('sha256')
  const chunk = Buffer.alloc(limits.readBytes)
  for (let place = 0; place < end;) {
    const read = readSync(file, chunk, 0, Math.min(chunk.length, end - place), place)
    if (read === 0) break
    hash.update(chunk.subarray(0, read))
    place += read
  }
  return hash
}
