import { isUtf8 } from 'node:buffer'
import { importing } from '../domain/limits.ts'
import { piecesOf } from './text-file.ts'

const NEWLINE = 0x0a

/** A line of a text without its end, LF or CRLF; or why it can't be read. */
export type Line = { readonly line: number } & ({ readonly text: string } | { readonly reason: string })

/** The lines of a file, one by one; see `blocksOf`. */
export async function* linesOf(file: string): AsyncGenerator<Line> {
  for await (const block of blocksOf(file)) yield* block
}

/**
 * The lines of a file that are not blank, counted from 1, as many at once as a piece of it has. One that is
 * too long or no UTF-8 is told as such, and the lines after it are read: nothing more of it is kept than a
 * line may have.
 */
export async function* blocksOf(file: string): AsyncGenerator<readonly Line[]> {
  let line = 1
  let kept: Buffer[] = []
  let size = 0
  for await (const piece of piecesOf(file)) {
    const [first, last] = [piece.indexOf(NEWLINE), piece.lastIndexOf(NEWLINE)]
    let start = 0
    if (first >= 0) {
      const end = piece.subarray(0, first)
      const whole = size === 0 ? end : Buffer.concat([...kept, end])
      const rest = first < last ? wholeLines(piece.subarray(first + 1, last), line + 1) : []
      yield [...asLines(line, readLine(whole, size + end.length)), ...rest.flat()]
      line += 1 + rest.length
      start = last + 1
      kept = []
      size = 0
    }
    const tail = piece.subarray(start)
    if (tail.length > 0 && size <= importing.recordMaxBytes) kept.push(tail)
    size += tail.length
  }
  yield asLines(line, readLine(Buffer.concat(kept), size))
}

/**
 * One entry for each line, blank ones included. Decoded at once where all of it can be: that is far quicker.
 */
function wholeLines(bytes: Buffer, line: number): readonly (readonly Line[])[] {
  const texts = isUtf8(bytes) ? bytes.toString('utf8').split('\n') : null
  if (texts && bytes.length <= importing.recordMaxBytes)
    return texts.map((text, place) => asLines(line + place, trimmed(text)))
  const parts = bytes.toString('latin1').split('\n')
  return parts.map((part, place) => {
    const each = Buffer.from(part, 'latin1')
    return asLines(line + place, readLine(each, each.length))
  })
}

function asLines(line: number, read: ReadLine | null): readonly Line[] {
  return read === null ? [] : [{ line, ...read }]
}

type ReadLine = { readonly text: string } | { readonly reason: string }

function trimmed(line: string): ReadLine | null {
  const text = line.trimEnd()
  return text === '' ? null : { text }
}

function readLine(
  bytes: Buffer,
  size: number,
): { readonly text: string } | { readonly reason: string } | null {
  if (size > importing.recordMaxBytes) {
    return { reason: `The line has ${size} bytes; at most ${importing.recordMaxBytes} are read.` }
  }
  if (!isUtf8(bytes)) return { reason: 'The line is not UTF-8.' }
  return trimmed(bytes.toString('utf8'))
}
