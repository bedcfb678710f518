/** Where a password comes from: never from the command line, which other users of the machine can read. */
import { readFileSync, statSync } from 'node:fs'
import { configuration } from '../domain/limits.ts'
import { isOn, valueOf, type Invocation } from './invocation.ts'
import { commandError } from './exit-codes.ts'
import { askSecret } from './prompt.ts'

const WAYS = 'use --password-file <file>, --password-stdin or --send-link'

/** Reads it from a file, from standard input, or, twice, from a terminal. */
export async function readPassword(invocation: Invocation): Promise<string> {
  const file = valueOf(invocation, 'passwordFile')
  if (file !== null) return fromFile(file)
  const { stdin } = process
  return stdin.isTTY && !isOn(invocation, 'passwordStdin') ? fromTerminal() : fromInput(stdin)
}

function fromFile(file: string): string {
  try {
    if (statSync(file).size <= configuration.fileMaxBytes) return withoutLineEnd(readFileSync(file, 'utf8'))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw commandError('failed', `The file ${file} of --password-file cannot be read (${code}).`)
  }
  throw tooLong(`The file ${file}`)
}

async function fromInput(stdin: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stdin) {
    bytes += chunk.length
    if (bytes > configuration.fileMaxBytes) throw tooLong('Standard input')
    chunks.push(Buffer.from(chunk))
  }
  const password = withoutLineEnd(Buffer.concat(chunks).toString())
  if (password === '') throw commandError('usage', `There is no password on standard input; ${WAYS}.`)
  return password
}

async function fromTerminal(): Promise<string> {
  const first = await askSecret('Password: ')
  if ((await askSecret('The same again: ')) === first) return first
  throw commandError('failed', 'The two passwords are not the same; nothing was done.')
}

function tooLong(what: string): Error {
  return commandError(
    'failed',
    `${what} has more than ${configuration.fileMaxBytes} bytes: that is no password.`,
  )
}

function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '')
}
