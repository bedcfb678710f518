import type { CommandSpec, OptionSpec } from '../src/cli/command.ts'
import { commands } from '../src/cli/commands.ts'
import { exitCodes } from '../src/cli/exit-codes.ts'
import { commonOptions } from '../src/cli/run-command.ts'

/** The reference page of the command line, from the table in `src/cli/commands.ts`. */
export function generateCommands(): string {
  const codes = Object.values(exitCodes).map(({ code, meaning }) => `| ${code} | ${meaning} |`)
  return `# Commands

<!-- Generated from src/cli/commands.ts by \`npm run generate\`; never edit it. -->

In a checkout the command is \`./bin/user-management.cjs\`; \`npm start\` runs \`serve\` with it. \`<user>\` is an id, an e-mail address or a
username. Data goes to standard output, talk to standard error; tables are for people, \`--output json\` and \`ndjson\` for programs.

Beside a running server on SQLite a command acts through the socket \`control.sock\` in the data folder, which only the owner of the
folder can open; where no server runs, and on MongoDB, it opens the database itself. Whoever can run it may do everything: it asks for
no account, and the audit log names its requests \`cli:…\`.

${commands.map(section).join('\n')}
## Every command

${tableOf(commonOptions)}
## Exit codes

| Code | Meaning |
|---|---|
${codes.join('\n')}
`
}

function section({ name, args, summary, options = [] }: CommandSpec): string {
  const call = ['user-management', name, args].filter(Boolean).join(' ')
  return `## ${name}

\`${call}\`

${summary}
${options.length > 0 ? `\n${tableOf(options)}` : ''}`
}

function tableOf(options: readonly OptionSpec[]): string {
  const rows = options.map((option) => `| \`${option.flag}\` | ${meaningOf(option)} |\n`)
  return `| Option | Meaning |\n|---|---|\n${rows.join('')}`
}

function meaningOf({ summary, choices, repeatable, conflicts = [] }: OptionSpec): string {
  const among = choices ? `; one of ${choices.map((each) => `\`${each}\``).join(', ')}` : ''
  const again = repeatable ? '; may be given several times' : ''
  const alone = conflicts.length > 0 ? `; not with ${conflicts.map((each) => `\`${each}\``).join(', ')}` : ''
  return `${summary}${among}${again}${alone}`
}
