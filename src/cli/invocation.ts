import type { Output, OutputForm } from './output.ts'

/** What a command is called with. */
export interface Invocation {
  readonly args: readonly string[]
  readonly options: Options
  readonly output: Output
  /** Ends the process at once with the sentence and the exit code of an error. */
  readonly end: (error: unknown) => void
}

interface Options {
  readonly envFile?: string
  readonly output: OutputForm
  /** The others by their name in camelCase: text, a list of texts, or true. */
  readonly [name: string]: unknown
}

export function isOn({ options }: Invocation, name: string): boolean {
  return options[name] === true
}

/** The value of an option; null where it is not given. */
export function valueOf({ options }: Invocation, name: string): string | null {
  const value = options[name]
  return typeof value === 'string' ? value : null
}

/** Every value of an option that may be given several times. */
export function valuesOf({ options }: Invocation, name: string): readonly string[] {
  const value = options[name]
  return Array.isArray(value) ? value.map(String) : []
}
