import { closeSync, fchmodSync, fsyncSync, ftruncateSync, openSync, renameSync, writeSync } from 'node:fs'
import { commandError } from './exit-codes.ts'

/** A file that only its owner can read, since users are in it. */
export interface PrivateFile {
  write(text: string): void
  /** How many bytes are in it. */
  size(): number
  close(): void
}

/** Throws where it can't be written. */
export function openPrivateFile(path: string, from = 0): PrivateFile {
  const file = opened(path, from > 0 ? 'r+' : 'w')
  fchmodSync(file, 0o600)
  ftruncateSync(file, from)
  let size = from
  return {
    write(text) {
      const bytes = Buffer.from(text)
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at, size + at)
      size += bytes.length
    },
    size: () => size,
    close() {
      fsyncSync(file)
      closeSync(file)
    },
  }
}

/** Puts a text in the place of a file, whole or not at all. */
export function replaceFile(path: string, text: string): void {
  const file = openPrivateFile(`${path}.new`)
  file.write(text)
  file.close()
  renameSync(`${path}.new`, path)
}

function opened(path: string, flags: 'w' | 'r+'): number {
  try {
    return openSync(path, flags, 0o600)
  } catch {
    throw commandError('failed', `The file ${path} cannot be written; correct its path or its rights.`)
  }
}
