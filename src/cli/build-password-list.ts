import { closeSync, createReadStream, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import {
  breachedDigest,
  createPasswordListBuilder,
  isBreachLine,
  listedDigest,
  type PasswordListBuilder,
} from '../crypto/password-list-builder.ts'
import { passwordLists } from '../domain/limits.ts'
import { commandError } from './exit-codes.ts'
import { valueOf, type Invocation } from './invocation.ts'

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
const BYTE_ORDER_MARK = Buffer.from('\uFEFF')

/** Builds the file of `UM_PASSWORD_LIST_FILE` from lists of passwords and from breach downloads. */
export async function buildPasswordList(invocation: Invocation): Promise<void> {
  const out = valueOf(invocation, 'out')
  if (out === null) throw commandError('usage', "error: required option '--out <file>' not specified")
  const { args, output } = invocation
  const builder = createPasswordListBuilder()
  let lines = 0
  for (const name of args) {
    const add = adderFor(name, builder)
    const counted = (line: Buffer | null) => {
      lines += 1
      if (lines % passwordLists.linesPerReport === 0) output.say(`${lines.toLocaleString('en')} lines read`)
      add(line, lines)
      if (builder.added() > passwordLists.entriesMax) {
        throw commandError(
          'failed',
          `There are more than ${passwordLists.entriesMax} entries; leave out the rare ones.`,
        )
      }
    }
    await eachLine(name, counted)
  }
  if (builder.added() === 0) throw commandError('failed', 'No line can be a password; nothing was written.')
  const written = write(out, builder)
  output.record({ file: out, ...written, lines, skipped: lines - builder.added() })
}

/** What its first line is decides about a file: a breach download has nothing else in it. */
function adderFor(name: string, builder: PasswordListBuilder) {
  let breach: boolean | null = null
  return (line: Buffer | null, number: number): void => {
    breach ??= line !== null && isBreachLine(line)
    if (breach && (line === null || !isBreachLine(line))) {
      const where = `${nameOf(name)}, line ${number} of all`
      throw commandError('failed', `${where} is no SHA1:count like those before it; nothing was written.`)
    }
    const digest = line && (breach ? breachedDigest(line) : listedDigest(line))
    if (digest) builder.addDigest(digest)
  }
}

/** Calls with each line, without its end, and with null for one that is longer than any password. */
async function eachLine(name: string, use: (line: Buffer | null) => void): Promise<void> {
  let rest: Buffer | null = Buffer.alloc(0)
  let first = true
  const take = (line: Buffer | null) => {
    const marked = first && line?.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
    first = false
    const text = marked ? line?.subarray(BYTE_ORDER_MARK.length) : line
    use(text?.at(-1) === CARRIAGE_RETURN ? text.subarray(0, -1) : (text ?? null))
  }
  for await (const chunk of source(name)) {
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      take(rest === null ? null : withRest(rest, chunk.subarray(from, end)))
      rest = Buffer.alloc(0)
      from = end + 1
    }
    rest = rest === null ? null : withRest(rest, chunk.subarray(from))
  }
  if (rest === null || rest.length > 0) take(rest)
}

/** Null where together they are longer than any password. */
function withRest(rest: Buffer, more: Buffer): Buffer | null {
  if (rest.length + more.length > passwordLists.lineMaxBytes) return null
  return rest.length === 0 ? more : Buffer.concat([rest, more])
}

async function* source(name: string): AsyncGenerator<Buffer> {
  const stream: AsyncIterable<Buffer | string> =
    name === '-' ? process.stdin : createReadStream(name, { highWaterMark: passwordLists.readBytes })
  try {
    for await (const chunk of stream) yield Buffer.from(chunk)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    throw commandError(
      'failed',
      `${nameOf(name)} cannot be read (${String(error.code)}); nothing was written.`,
    )
  }
}

/** Whole or not at all: a server that has the file open goes on with the old one. */
function write(out: string, builder: PasswordListBuilder): { entries: number; bytes: number } {
  const beside = `${out}.new`
  try {
    const descriptor = openSync(beside, 'w', 0o644)
    let bytes = 0
    const parts = builder.file()
    let part = parts.next()
    while (!part.done) {
      for (let at = 0; at < part.value.length;) at += writeSync(descriptor, part.value, at)
      bytes += part.value.length
      part = parts.next()
    }
    fsyncSync(descriptor)
    closeSync(descriptor)
    renameSync(beside, out)
    return { entries: part.value.entries, bytes }
  } catch (error) {
    rmSync(beside, { force: true })
    if (!(error instanceof Error && 'code' in error)) throw error
    throw commandError('failed', `The file ${out} cannot be written (${String(error.code)}).`)
  }
}

function nameOf(name: string): string {
  return name === '-' ? 'Standard input' : `The file ${name}`
}
