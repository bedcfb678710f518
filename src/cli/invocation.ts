import type { Output, OutputForm } from './output.ts'

/** What a command is called with. */
export interface Invocation {
  readonly args: readonly string[]
  readonly options: { readonly envFile?: string; readonly output: OutputForm }
  readonly output: Output
  /** Ends the process at once with the sentence and the exit code of an error. */
  readonly end: (error: unknown) => void
}
