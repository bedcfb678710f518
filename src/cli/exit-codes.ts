/** How a command ends; documented in the help and in the reference page. */
export const exitCodes = {
  done: { code: 0, meaning: 'done' },
  failed: { code: 1, meaning: 'failed, or what was asked for does not exist' },
  usage: { code: 2, meaning: 'the command line is wrong' },
  partly: { code: 3, meaning: 'done for some of several, not for all' },
  configuration: { code: 4, meaning: 'the settings, the keys or the database cannot be used' },
  unreachable: { code: 5, meaning: 'the database or the running server cannot be reached, or is too busy' },
  interrupted: { code: 130, meaning: 'interrupted at a prompt' },
} as const

export type Ending = keyof typeof exitCodes

export interface CommandError extends Error {
  readonly ending: Ending
  /** For people, on standard error; none where all has been said already. */
  readonly lines: readonly string[]
}

/** Ends a command with what is to be said. */
export function commandError(ending: Ending, ...lines: readonly string[]): CommandError {
  return Object.assign(new Error(lines[0] ?? ending), { ending, lines })
}

export function isCommandError(error: unknown): error is CommandError {
  return error instanceof Error && 'ending' in error && 'lines' in error
}
