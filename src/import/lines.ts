import { isUtf8 } from 'node:buffer'
import { importing } from '../domain/limits.ts'
import { piecesOf } from './text-file.ts'

const NEWLINE = 0x0a

/** A line of a text without its end, LF or CRLF; or why it can't be read. */
export type Line = { readonly line: number } & ({ readonly text: string } | { readonly reason: string })

/**
 * The lines of a file that are not blank, counted from 1. One that is too long or no UTF-8 is told as such,
 * and the lines after it are read: nothing more of it is kept than a line may have.
 */
export async function* linesOf(file: string): AsyncGenerator<Line> {
  let line = 1
  let kept: Buffer[] = []
  let size = 0
  for await (const piece of piecesOf(file)) {
    let start = 0
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      const rest = piece.subarray(start, end)
      const whole = size === 0 ? rest : Buffer.concat([...kept, rest])
      const read = readLine(whole, size + rest.length)
      if (read) yield { line, ...read }
      line += 1
      start = end + 1
      kept = []
      size = 0
    }
    const tail = piece.subarray(start)
    if (tail.length > 0 && size <= importing.recordMaxBytes) kept.push(tail)
    size += tail.length
  }
  const read = readLine(Buffer.concat(kept), size)
  if (read) yield { line, ...read }
}

function readLine(
  bytes: Buffer,
  size: number,
): { readonly text: string } | { readonly reason: string } | null {
  if (size > importing.recordMaxBytes) {
    return { reason: `The line has ${size} bytes; at most ${importing.recordMaxBytes} are read.` }
  }
  if (!isUtf8(bytes)) return { reason: 'The line is not UTF-8.' }
  const text = bytes.toString('utf8').trimEnd()
  return text === '' ? null : { text }
}
