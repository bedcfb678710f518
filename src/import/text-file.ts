import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { importing } from '../domain/limits.ts'

/** How files begin that are no UTF-8 text; the first bytes, and what to say of them. */
const SIGNS: readonly (readonly [string, string])[] = [
  ['fffe', 'is UTF-16 text; save it as UTF-8'],
  ['feff', 'is UTF-16 text; save it as UTF-8'],
  ['1f8b', 'is compressed by gzip; unpack it first'],
  ['504b0304', 'is a zip archive; unpack it first'],
  ['28b52ffd', 'is compressed by zstd; unpack it first'],
]
const BYTE_ORDER_MARK = 'efbbbf'
const SIGN_BYTES = 4

/** The first bytes of a file, to see of which kind it is. Throws where there is nothing in it. */
export async function beginningOf(file: string, bytes: number): Promise<Buffer> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0)
    if (bytesRead === 0) throw new Error(`${file} is empty.`)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/**
 * A text file in pieces, or with `-` standard input, without its byte order mark. Throws where it is empty,
 * or no text in UTF-8 by its first bytes.
 */
export async function* piecesOf(file: string): AsyncGenerator<Buffer> {
  let head: Buffer | null = Buffer.alloc(0)
  for await (const piece of streamOf(file)) {
    if (!Buffer.isBuffer(piece)) continue
    if (head !== null) head = Buffer.concat([head, piece])
    if (head !== null && head.length < SIGN_BYTES) continue
    yield head === null ? piece : withoutMark(head, file)
    head = null
  }
  if (head !== null) yield withoutMark(head, file)
}

function streamOf(file: string): AsyncIterable<unknown> {
  return file === '-' ? process.stdin : createReadStream(file, { highWaterMark: importing.readBytes })
}

function withoutMark(head: Buffer, file: string): Buffer {
  const name = file === '-' ? 'Standard input' : file
  if (head.length === 0) throw new Error(`${name} is empty.`)
  const bytes = head.subarray(0, SIGN_BYTES).toString('hex')
  const sign = SIGNS.find(([first]) => bytes.startsWith(first))
  if (sign) throw new Error(`${name} ${sign[1]}.`)
  return bytes.startsWith(BYTE_ORDER_MARK) ? head.subarray(BYTE_ORDER_MARK.length / 2) : head
}
