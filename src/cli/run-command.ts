/** From words to a command of the table, and from its end to an exit code. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { settings } from '../config.ts'
import { DomainError } from '../domain/errors.ts'
import { version } from '../domain/version.ts'
import type { CommandSpec, OptionSpec } from './command.ts'
import { commands } from './commands.ts'
import { exitCodes, isCommandError, type Ending } from './exit-codes.ts'
import type { Invocation } from './invocation.ts'
import { createOutput, outputForms, printable } from './output.ts'

/** What every command takes. */
export const commonOptions: readonly OptionSpec[] = [
  { flag: '--env-file <file>', summary: 'settings of this file, where the environment has none' },
  { flag: '--output <form>', summary: 'how data is printed; text unless given', choices: outputForms },
]

/** Runs the command of these arguments and sets the exit code of the process. */
export async function runCommand(argv: readonly string[]): Promise<void> {
  try {
    await program().parseAsync([...argv])
  } catch (error) {
    process.exitCode = report(error)
  }
}

/** The parser of the whole table. */
export function program(): Command {
  const root = new Command('user-management').exitOverride()
  root.description('A self-hosted user management server.').version(version)
  const names = settings.map((setting) => `  ${setting.name.padEnd(28)}${setting.doc}`)
  const codes = Object.values(exitCodes).map(({ code, meaning }) => `  ${String(code).padEnd(3)}  ${meaning}`)
  root.addHelpText('after', '\n<user> is an id, an e-mail address or a username.')
  root.addHelpText('after', `\nExit codes:\n${codes.join('\n')}\n`)
  root.addHelpText('after', `Settings, from the environment or --env-file:\n${names.join('\n')}`)
  for (const spec of commands) add(root, spec)
  return root
}

function add(root: Command, spec: CommandSpec): void {
  const words = spec.name.split(' ')
  const last = words.pop() ?? ''
  const parent = words.reduce(
    (at, word) => at.commands.find((each) => each.name() === word) ?? group(at, word),
    root,
  )
  const command = parent
    .command(spec.args ? `${last} ${spec.args}` : last)
    .description(spec.summary)
    .exitOverride()
  for (const option of [...(spec.options ?? []), ...commonOptions]) command.addOption(optionOf(option))
  command.action(async () => {
    const given = command.opts<Partial<Invocation['options']>>()
    const options = { ...given, output: given.output ?? 'text' }
    await spec.run({ args: command.args, options, output: createOutput(options.output), end })
  })
}

function optionOf({ flag, summary, choices, range, repeatable, conflicts = [] }: OptionSpec): Option {
  const option = new Option(flag, summary)
  option.conflicts(conflicts.map((each) => new Option(each).attributeName()))
  if (choices) option.choices(choices)
  if (range) option.argParser((text) => numberIn(range, text))
  if (repeatable) option.argParser((text, before: readonly string[] | undefined) => [...(before ?? []), text])
  return option
}

function numberIn([least, most]: readonly [number, number], text: string): string {
  if (/^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most) return text
  throw new InvalidArgumentError(`It takes a whole number from ${least} to ${most}.`)
}

function group(parent: Command, word: string): Command {
  return parent.command(word).description(`Commands about the ${word}.`).exitOverride()
}

function end(error: unknown): void {
  process.exit(report(error))
}

/** Says what went wrong in plain sentences where it is known; returns the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage.code
  if (isCommandError(error)) {
    say(error.lines)
    return exitCodes[error.ending].code
  }
  if (error instanceof DomainError) {
    say(error.message.split('\n'))
    return exitCodes[endingOf(error)].code
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  return exitCodes.failed.code
}

function say(lines: readonly string[]): void {
  for (const line of lines) process.stderr.write(`user-management: ${printable(line)}\n`)
}

function endingOf({ code }: DomainError): Ending {
  if (code === 'start_refused' || code === 'store_incompatible') return 'configuration'
  return code === 'store_unavailable' || code === 'overloaded' ? 'unreachable' : 'failed'
}
