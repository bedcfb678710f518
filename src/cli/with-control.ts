/** Commands that act on the data: beside a running server and without one alike. */
import { loadConfig, type Config } from '../config.ts'
import { openControl, type Control, type Means, type Method } from '../control.ts'
import { DomainError } from '../domain/errors.ts'
import type { Invocation } from './invocation.ts'
import { environmentWith } from './environment.ts'
import { commandError } from './exit-codes.ts'
import type { Row } from './output.ts'

/** Sends a request; the JSON of a good answer. A refusal ends the command, with what to do about it. */
export type Ask = (method: Method, path: string, body?: unknown) => Promise<unknown>

/** Opens the way to the data for the time of the work. */
export async function withControl<Done>(
  { options }: Invocation,
  work: (ask: Ask) => Promise<Done>,
  means?: Means,
): Promise<Done> {
  const { ask, close } = await openAsk(loadConfig(environmentWith(options.envFile)), means)
  try {
    return await work(ask)
  } finally {
    await close()
  }
}

/** The same with settings of another place, and for as long as wanted. */
export async function openAsk(
  config: Config,
  means?: Means,
): Promise<{ readonly ask: Ask; readonly close: () => Promise<void> }> {
  const control = await openControl(config, means)
  return { ask: asking(control), close: () => control.close() }
}

function asking(control: Control): Ask {
  return async (method, path, body) => {
    const { status, json } = await control.request(method, path, body).catch(unreachable)
    if (status < 400) return json
    throw commandError(status === 503 ? 'unreachable' : 'failed', ...problemLines(json))
  }
}

function unreachable(error: unknown): never {
  throw error instanceof DomainError ? commandError('unreachable', error.message) : error
}

/** What an action of the API means at the command line. */
const actions: Readonly<Record<string, string>> = {
  user_not_found: 'Look it up with "user-management users list --search <beginning>".',
  last_admin: 'Give the role admin to another account with "user-management users set-role" first.',
  email_taken: 'Look it up with "user-management users get <email>".',
  username_taken: 'Choose another username.',
  validation_failed: 'Mend what is named here and run the command again.',
  // Their detail says it all: only the key commands meet these.
  request_invalid: '',
  not_found: '',
  overloaded: 'Run the command again in a few seconds.',
}

function problemLines(json: unknown): string[] {
  const { detail, code, action, errors } = rowOf(json)
  const advice = actions[String(code)] ?? String(action)
  const fields = rowsOf(errors).map(
    ({ pointer, message }) => `  ${String(pointer).slice(1)}: ${String(message)}`,
  )
  return [`${String(detail)} ${advice}`.trim(), ...fields]
}

/** An object of an answer. */
export function rowOf(json: unknown): Row {
  return typeof json === 'object' && json !== null ? { ...json } : {}
}

/** A list of an answer. */
export function rowsOf(json: unknown): readonly Row[] {
  return Array.isArray(json) ? json.map(rowOf) : []
}

/** A text of an answer. */
export function textOf(json: unknown, name: string): string {
  const value = rowOf(json)[name]
  return typeof value === 'string' ? value : ''
}
