import type { Invocation } from './invocation.ts'

/** A row of the command table. */
export interface CommandSpec {
  /** One or two words. */
  readonly name: string
  /** Positional arguments as commander writes them, such as `<code>`; several are `<user...>`. */
  readonly args?: string
  readonly summary: string
  readonly options?: readonly OptionSpec[]
  readonly run: (invocation: Invocation) => Promise<void>
}

export interface OptionSpec {
  /** With its value, such as `--role <role>`; a switch has none. */
  readonly flag: string
  readonly summary: string
  readonly choices?: readonly string[]
  /** A whole number, from the first to the last of these. */
  readonly range?: readonly [number, number]
  /** May be given several times. */
  readonly repeatable?: true
  /** Options that make no sense beside this one. */
  readonly conflicts?: readonly string[]
}
