import { commands, exitCodes } from '../src/cli/commands.ts'

/** The reference page of the command line, from the table in `src/cli/commands.ts`. */
export function generateCommands(): string {
  const rows = commands.map(({ name, args, summary }) => {
    const call = ['user-management', name, args].filter(Boolean).join(' ')
    return `| \`${call}\` | ${summary} |`
  })
  const codes = Object.values(exitCodes).map(({ code, meaning }) => `| ${code} | ${meaning} |`)
  return `# Commands

<!-- Generated from src/cli/commands.ts by \`npm run generate\`; never edit it. -->

In a checkout the command is \`./bin/user-management.cjs\`; \`npm start\` runs \`serve\` with it. Data goes to standard output, talk
to standard error. Every command takes \`--env-file <file>\` and \`--output text|json|ndjson\`.

| Command | What it does |
|---|---|
${rows.join('\n')}

| Exit code | Meaning |
|---|---|
${codes.join('\n')}
`
}
