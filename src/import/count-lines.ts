import { createReadStream } from 'node:fs'
import { importing } from '../domain/limits.ts'

const NEWLINE = 0x0a

/** How many lines files have: about as many users, where each line has one. */
export async function countLines(files: readonly string[]): Promise<number> {
  let lines = 0
  for (const file of files) {
    for await (const piece of createReadStream(file, { highWaterMark: importing.readBytes })) {
      if (!Buffer.isBuffer(piece)) continue
      for (let at = piece.indexOf(NEWLINE); at >= 0; at = piece.indexOf(NEWLINE, at + 1)) lines += 1
    }
  }
  return lines
}
