/** Questions at a terminal. They go to standard error, so that data stay data. */
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { commandError } from './exit-codes.ts'

export interface Terminal {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
}

const standard = { input: process.stdin, output: process.stderr }

/** Reads a line that the terminal does not show. Ctrl-C ends the command as interrupted. */
export async function askSecret(question: string, terminal: Terminal = standard): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  terminal.output.write(question)
  try {
    return await lineOf({ input: terminal.input, output: nowhere })
  } finally {
    terminal.output.write('\n')
  }
}

/** Asks before what can't be undone; anything but yes is no. */
export async function askYes(question: string, terminal: Terminal = standard): Promise<boolean> {
  terminal.output.write(`${question} [y/N] `)
  return /^y(?:es)?$/i.test((await lineOf(terminal)).trim())
}

async function lineOf(terminal: Terminal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const reader = createInterface({ ...terminal, terminal: true, historySize: 0 })
  reader.once('line', resolve)
  const interrupt = () => reject(commandError('interrupted', 'Interrupted; nothing was done.'))
  reader.once('SIGINT', interrupt)
  reader.once('close', interrupt)
  try {
    return await promise
  } finally {
    reader.close()
  }
}
