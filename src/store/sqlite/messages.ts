/** What the main thread and the writer thread say to each other. */
import type { Failure } from './failures.ts'
import type { VerbName } from './verbs.ts'

/** `truncate` empties the log file, `scrub` rewrites the database file, `close` ends the thread. */
export type Chore = 'truncate' | 'scrub' | 'close'

export type Request =
  | { readonly number: number; readonly verb: VerbName; readonly input: readonly unknown[] }
  | { readonly number: number; readonly chore: Chore }

export type Reply =
  | { readonly number: number; readonly result: unknown }
  | { readonly number: number; readonly failure: Failure }

/** The thread's first message: open and ready, or not. */
export type Greeting = { readonly ready: true } | { readonly ready: false; readonly failure: Failure }

export interface WriterData {
  readonly path: string
  readonly writesPerTransaction: number
}
