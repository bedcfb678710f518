/** The command table. Exit codes: 0 done, 1 failed, 2 usage, 4 configuration. */
import { Command, CommanderError } from 'commander'
import { docOf, settings } from '../config.ts'
import { DomainError } from '../domain/errors.ts'
import { serve } from './serve.ts'

const exitCodes = { failed: 1, usage: 2, configuration: 4 } as const

/** Runs the command of these arguments and sets the exit code of the process. */
export async function runCommand(argv: readonly string[]): Promise<void> {
  try {
    await program().parseAsync([...argv])
  } catch (error) {
    process.exitCode = report(error)
  }
}

function program(): Command {
  const root = new Command('user-management')
  root.description('A self-hosted user management server.').version('0.1.0').exitOverride()
  const names = settings.map((setting) => `  ${setting.name.padEnd(28)}${docOf(setting)}`)
  root.addHelpText('after', `\nSettings, from the environment:\n${names.join('\n')}`)
  root
    .command('serve')
    .description('Run the server.')
    .exitOverride()
    .action(() => serve(end))
  return root
}

/** Ends the process at once with the sentence and the exit code of an error. */
function end(error: unknown): void {
  process.exit(report(error))
}

/** Says what went wrong in one plain sentence where it is known; returns the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage
  if (error instanceof DomainError) {
    for (const line of error.message.split('\n')) process.stderr.write(`user-management: ${line}\n`)
    return exitCodes.configuration
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  return exitCodes.failed
}
