/** The command table: the command line, its help and its reference page come from it. */
import { Command, CommanderError, Option } from 'commander'
import { docOf, settings } from '../config.ts'
import { DomainError } from '../domain/errors.ts'
import { checkConfig, printConfig } from './config.ts'
import { explain } from './explain.ts'
import type { Invocation } from './invocation.ts'
import { createOutput, outputForms } from './output.ts'
import { serve } from './serve.ts'

interface CommandSpec {
  /** One or two words. */
  readonly name: string
  /** Positional arguments as commander writes them, such as `<code>`. */
  readonly args?: string
  readonly summary: string
  readonly run: (invocation: Invocation) => Promise<void>
}

export const commands: readonly CommandSpec[] = [
  { name: 'serve', summary: 'Run the server.', run: serve },
  {
    name: 'config print',
    summary: 'Show every setting, its value and where that comes from.',
    run: printConfig,
  },
  { name: 'config check', summary: 'Check the settings; says everything that is wrong.', run: checkConfig },
  { name: 'explain', args: '<code>', summary: 'Say what an error code means and what to do.', run: explain },
]

/** Documented in the help and in the reference page. */
export const exitCodes = {
  done: { code: 0, meaning: 'done' },
  failed: { code: 1, meaning: 'failed, or what was asked for does not exist' },
  usage: { code: 2, meaning: 'the command line is wrong' },
  configuration: { code: 4, meaning: 'the settings, the keys or the database cannot be used' },
} as const

/** Runs the command of these arguments and sets the exit code of the process. */
export async function runCommand(argv: readonly string[]): Promise<void> {
  try {
    await program().parseAsync([...argv])
  } catch (error) {
    process.exitCode = report(error)
  }
}

function program(): Command {
  const root = new Command('user-management').exitOverride()
  root.description('A self-hosted user management server.').version('0.1.0')
  const names = settings.map((setting) => `  ${setting.name.padEnd(28)}${docOf(setting)}`)
  const codes = Object.values(exitCodes).map(({ code, meaning }) => `  ${code}  ${meaning}`)
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
  command.option('--env-file <file>', 'settings of this file, where the environment has none')
  command.addOption(new Option('--output <form>', 'how data is printed').choices(outputForms).default('text'))
  command.action(async () => {
    const options = command.opts<Invocation['options']>()
    await spec.run({ args: command.args, options, output: createOutput(options.output), end })
  })
}

function group(parent: Command, word: string): Command {
  return parent.command(word).description(`Commands about the ${word}.`).exitOverride()
}

function end(error: unknown): void {
  process.exit(report(error))
}

/** Says what went wrong in one plain sentence where it is known; returns the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage.code
  if (error instanceof DomainError) {
    for (const line of error.message.split('\n')) process.stderr.write(`user-management: ${line}\n`)
    const start = error.code === 'start_refused' || error.code === 'store_incompatible'
    return start ? exitCodes.configuration.code : exitCodes.failed.code
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  return exitCodes.failed.code
}
